//! Each tool's format, with the traps of its tool.

mod common;

use std::io::Write as _;

use common::{Trip, irtt};
use path_fit::read::pcap::{self, Numbering};
use path_fit::read::{self, one_way};
use path_fit::{FitOptions, Format, ImportError, Lost, Measurement, Source, fit};

const MS: i64 = 1_000_000;

fn read_bytes(format: Format, bytes: &[u8]) -> Result<Measurement, ImportError> {
    read::read(format, Source::new(bytes)?)
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/data/{name}")).expect("the fixture is there")
}

fn read_fixture(format: Format, name: &str) -> Measurement {
    read_bytes(format, &fixture(name)).expect("it can be read")
}

fn assert_note(measurement: &Measurement, text: &str) {
    assert!(
        measurement.notes.iter().any(|note| note.contains(text)),
        "no '{text}' in {:?}",
        measurement.notes
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

fn trips(count: i64) -> Vec<Trip> {
    (0..count)
        .map(|n| Trip {
            sent_ns: n * 20 * MS,
            up_ns: 85 * MS + n % 7 * 10_000,
            down_ns: 90 * MS + n % 5 * 10_000,
            lost: n % 10 == 3,
            label: if n % 10 == 3 {
                "\"true_up\""
            } else {
                "\"false\""
            },
        })
        .collect()
}

#[test]
fn irtt_s_underflowed_percentage_is_told_and_losses_are_counted_anew() {
    let stats = "\"upstream_loss_percent\": 3416063717353620480.00, \"duplicates\": 14, \"packets_received\": 1313";
    let measurement = read_bytes(Format::Irtt, irtt(&trips(100), 20 * MS, stats).as_bytes())
        .expect("it can be read");
    assert_eq!(measurement.lost(), 10);
    assert_eq!(measurement.duplicates, 14);
    assert_note(&measurement, "underflow");
    assert_note(&measurement, "14 duplicates");
}

#[test]
fn irtt_s_labels_are_believed_only_while_nothing_is_reordered() {
    let in_order = read_bytes(
        Format::Irtt,
        irtt(&trips(100), 20 * MS, "\"late_packets\": 0").as_bytes(),
    )
    .expect("read");
    assert!(
        in_order
            .probes
            .iter()
            .filter(|probe| probe.lost != Lost::No)
            .all(|probe| probe.lost == Lost::Up)
    );
    let late = read_bytes(
        Format::Irtt,
        irtt(&trips(100), 20 * MS, "\"late_packets\": 5").as_bytes(),
    )
    .expect("read");
    assert!(
        late.probes
            .iter()
            .filter(|probe| probe.lost != Lost::No)
            .all(|probe| probe.lost == Lost::Somewhere)
    );
    assert_note(&late, "labels of the direction of a loss are wrong");
    // Found in the arrivals as well, when the tool's count is missing.
    let mut overtaken = trips(100);
    overtaken[50].up_ns += 30 * MS;
    let overtaken =
        read_bytes(Format::Irtt, irtt(&overtaken, 20 * MS, "").as_bytes()).expect("read");
    assert!(overtaken.reordered > 0);
    assert_note(&overtaken, "labels of the direction");
}

#[test]
fn irtt_s_boolean_lost_of_the_manual_and_late_of_0_9_2_are_read() {
    let text = irtt(&trips(20), 20 * MS, "")
        .replace("\"true_up\"", "true")
        .replace("\"false\"", "false");
    let measurement = read_bytes(Format::Irtt, text.as_bytes()).expect("it can be read");
    assert_eq!(measurement.lost(), 2);
    assert!(
        measurement
            .probes
            .iter()
            .all(|probe| matches!(probe.lost, Lost::No | Lost::Somewhere))
    );
    let text = irtt(&trips(20), 20 * MS, "").replacen(
        "\"timestamps\": {",
        "\"timestamps\": {\"late\": true,",
        1,
    );
    assert_eq!(
        read_bytes(Format::Irtt, text.as_bytes())
            .expect("it can be read")
            .reordered,
        1
    );
}

#[test]
fn an_irtt_interval_at_the_server_s_limit_and_missed_slots_are_told() {
    let mut close = trips(100);
    for trip in &mut close {
        trip.sent_ns /= 2;
    }
    for trip in &mut close[50..] {
        trip.sent_ns += 50 * MS;
    }
    for trip in &mut close[70..] {
        trip.sent_ns += 50 * MS;
    }
    let measurement =
        read_bytes(Format::Irtt, irtt(&close, 10 * MS, "").as_bytes()).expect("it can be read");
    assert_note(&measurement, "server without `-i 0` drops");
    assert_note(
        &measurement,
        "2 of 100 probes left more than half an interval late",
    );
    assert_eq!(
        measurement.probes[99].sent_ns,
        99 * 10 * MS + 100 * MS,
        "the real time"
    );
}

#[test]
fn a_stepped_wall_clock_changes_no_delay() {
    let mut text = irtt(&trips(100), 20 * MS, "");
    // The console's wall clock is set back by a second after the fiftieth probe.
    for n in 50..100_i64 {
        let sent = common::START_WALL_NS + n * 20 * MS;
        text = text.replace(&sent.to_string(), &(sent - 1_000 * MS).to_string());
    }
    let measurement = read_bytes(Format::Irtt, text.as_bytes()).expect("it can be read");
    assert_note(&measurement, "wall clock was stepped");
    let ups: Vec<i64> = measurement
        .probes
        .iter()
        .filter_map(|probe| probe.up_ns)
        .collect();
    let (least, most) = (
        ups.iter().min().expect("some"),
        ups.iter().max().expect("some"),
    );
    assert!(most - least < MS, "{least} to {most}");
}

#[test]
fn irtt_without_server_stamps_gives_halves_of_the_round_trip() {
    let mut text = irtt(&trips(50), 20 * MS, "");
    while let Some(at) = text.find("\"server\": {\n                    \"receive\": {\n") {
        let end = at + text[at..].find("\"delay\"").expect("it follows");
        text.replace_range(at..end, "\"server\": {\"receive\": {}, \"send\": {}}}, ");
    }
    let measurement = read_bytes(Format::Irtt, text.as_bytes()).expect("it can be read");
    assert!(!measurement.has_one_way() && measurement.has_round_trip());
    assert_note(&measurement, "half of the");
    let path = fit(&measurement, &FitOptions::default()).expect("it can be fitted");
    let base_ms = path.model.up.base_one_way.get();
    assert!((base_ms - 87.5).abs() < 0.1, "{base_ms}");
}

#[test]
fn two_files_of_one_irtt_measurement_are_joined_by_the_wall_clock() {
    let first = read_bytes(Format::Irtt, irtt(&trips(100), 20 * MS, "").as_bytes())
        .expect("it can be read");
    let mut later = trips(50);
    for trip in &mut later {
        trip.sent_ns += 10_000 * MS;
    }
    let later =
        read_bytes(Format::Irtt, irtt(&later, 20 * MS, "").as_bytes()).expect("it can be read");
    let mut whole = first.clone();
    whole.join(later.clone()).expect("one follows the other");
    assert_eq!((whole.probes.len(), whole.lost()), (150, 15));
    assert_eq!(whole.probes[100].sent_ns, 10_000 * MS);
    let mut backwards = later;
    assert!(
        backwards
            .join(first)
            .expect_err("the wrong order")
            .to_string()
            .contains("before the one before it ends")
    );
}

#[test]
fn ping_s_16_bit_numbers_its_duplicates_and_its_losses_are_read() {
    let measurement = read_fixture(Format::Ping, "ping.txt");
    assert_eq!(
        (measurement.probes.len(), measurement.lost()),
        (8, 2),
        "3 in the middle, 8 at the end"
    );
    assert_eq!((measurement.duplicates, measurement.reordered), (1, 1));
    assert_eq!(measurement.probes[0].rtt_ns, Some(170 * MS));
    // The stamp is of the reply: 5 was sent a second after 4 though its reply came after that of 6.
    assert_eq!(measurement.probes[4].sent_ns / MS, 4_000);
    assert_eq!(measurement.probes[2].lost, Lost::Somewhere);
    assert_eq!(measurement.target, "10.9.0.2");
    assert_note(&measurement, "DUP!");
}

#[test]
fn ping_s_numbers_wrap_after_65535() {
    let mut text = String::new();
    for n in 65_530..65_546_u32 {
        if n != 65_536 {
            text += &format!(
                "[{}.500000] 64 bytes from 10.9.0.2: icmp_seq={} ttl=64 time=100 ms\n",
                1_795_500_000 + n,
                n % 65_536
            );
        }
    }
    let measurement = read_bytes(Format::Ping, text.as_bytes()).expect("it can be read");
    assert_note(&measurement, "wrapped 1 times");
    // Numbers begin at 1: those before the file's first reply were lost.
    assert_eq!(measurement.probes.len(), 65_545);
    assert_eq!(measurement.lost(), 65_529 + 1);
}

#[test]
fn owping_s_arrival_order_duplicates_losses_and_clocks_are_read() {
    let measurement = read_fixture(Format::Owping, "owping.txt");
    assert_eq!((measurement.probes.len(), measurement.lost()), (10, 1));
    assert_eq!((measurement.duplicates, measurement.reordered), (1, 1));
    assert_eq!(measurement.probes[3].lost, Lost::Up);
    assert!(!measurement.synchronised && !measurement.both_ways);
    assert_note(&measurement, "not synchronised");
    assert_note(&measurement, "negative one-way delay");
    // The first copy of 5 counts; the receiver's clock is two seconds behind. NTP fractions are 0.23 ns.
    let up_ns = measurement.probes[5].up_ns.expect("it arrived");
    assert!((up_ns - (85_100_000 - 2_000 * MS)).abs() <= 1, "{up_ns}");
    // Without a round trip the base is unknown: it must be stated.
    let error = fit(&measurement, &FitOptions::default()).expect_err("the base is unknown");
    assert!(error.to_string().contains("--base-ms"), "{error}");
    let stated = FitOptions {
        base_ms: Some((85.0, 90.0)),
        ..FitOptions::default()
    };
    let path = fit(&measurement, &stated).expect("the base is stated");
    assert_eq!(
        path.model.down.base_one_way.get(),
        path.model.up.base_one_way.get() + 5.0
    );
}

#[test]
fn synchronised_owping_delays_are_absolute_and_two_sessions_make_a_path() {
    let up = read_fixture(Format::Owping, "owping-synchronised.txt");
    assert!(up.synchronised);
    assert_eq!(up.probes[0].up_ns, Some(85 * MS));
    let pair = one_way::paired(up.clone(), &up);
    assert!(pair.both_ways && pair.synchronised);
    assert_eq!(pair.probes[2].rtt_ns, Some(172 * MS));
    let path = fit(&pair, &FitOptions::default()).expect("it can be fitted");
    assert!(
        (path.model.up.base_one_way.get() - 85.0).abs() < 1.0,
        "{:?}",
        path.model.up
    );
}

#[test]
fn twping_s_two_numberings_tell_where_a_packet_was_lost() {
    let measurement = read_fixture(Format::Twping, "twping.txt");
    assert_eq!((measurement.probes.len(), measurement.lost()), (9, 2));
    assert_eq!(
        measurement.probes[2].lost,
        Lost::Up,
        "the reflector's numbers have no gap there"
    );
    assert_eq!(measurement.probes[5].lost, Lost::Down, "and one there");
    let rtt_ns = measurement.probes[0].rtt_ns.expect("it came back");
    assert!(
        (rtt_ns - 175 * MS).abs() <= 2,
        "the reflector's millisecond is not in it: {rtt_ns}"
    );
}

#[test]
fn a_table_keeps_nanoseconds_and_takes_negative_one_way_delays() {
    let measurement = read_fixture(Format::Csv, "table.csv");
    assert_eq!(measurement.start_wall_ns, Some(1_795_500_509_000_000_001));
    let lost: Vec<Lost> = measurement.probes.iter().map(|probe| probe.lost).collect();
    assert_eq!(lost, [Lost::No, Lost::Up, Lost::No, Lost::Down]);
    assert_eq!(measurement.probes[2].up_ns, Some(-3_500_000));
    assert_note(&measurement, "clocks of the two ends differ");
}

/// A capture of UDP packets: (time ns, number) each, Ethernet and IPv4, the number at byte 3 of the payload.
fn capture(packets: &[(i64, u32)], big_endian: bool, nanoseconds: bool) -> Vec<u8> {
    let word = |value: u32| {
        if big_endian {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    };
    let mut bytes = Vec::new();
    bytes.extend(word(if nanoseconds {
        0xa1b2_3c4d
    } else {
        0xa1b2_c3d4
    }));
    let versions = if big_endian {
        [0, 2, 0, 4]
    } else {
        [2, 0, 4, 0]
    };
    bytes.extend(versions);
    for value in [0, 0, 65_535, 1] {
        bytes.extend(word(value));
    }
    for (ns, number) in packets {
        let mut packet = vec![0; 12];
        packet.extend([0x08, 0x00]);
        let mut ip = vec![
            0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2,
        ];
        ip[3] = 20 + 8 + 7;
        packet.extend(ip);
        packet.extend([0x30, 0x39, 0x08, 0x40, 0, 8 + 7, 0, 0]);
        packet.extend([0xaa, 0xbb, 0xcc]);
        packet.extend(number.to_be_bytes());
        let fraction = ns % 1_000_000_000 / if nanoseconds { 1 } else { 1_000 };
        for value in [
            (ns / 1_000_000_000) as u32,
            fraction as u32,
            packet.len() as u32,
            packet.len() as u32,
        ] {
            bytes.extend(word(value));
        }
        bytes.extend(packet);
    }
    bytes
}

const AT_3: Numbering = Numbering {
    offset: 3,
    width: 4,
    little_endian: false,
    port: None,
};

fn matched(
    sender: &[u8],
    receiver: &[u8],
    numbering: Numbering,
) -> Result<Measurement, (usize, ImportError)> {
    pcap::read(
        Source::new(sender).expect("some"),
        Source::new(receiver).expect("some"),
        numbering,
    )
}

#[test]
fn captures_of_both_byte_orders_and_resolutions_are_matched_by_the_payload_s_number() {
    let start = 1_795_500_509 * 1_000 * MS;
    let sent: Vec<(i64, u32)> = (0..20)
        .map(|n| (start + i64::from(n) * 10 * MS, 1_000 + n))
        .collect();
    // 4 is lost, 7 arrives twice, 9 after 11.
    let mut received: Vec<(i64, u32)> = sent
        .iter()
        .filter(|(_, number)| *number != 1_004)
        .map(|(ns, number)| {
            (
                ns + 85 * MS + if *number == 1_009 { 25 * MS } else { 0 },
                *number,
            )
        })
        .collect();
    received.push((start + 200 * MS, 1_007));
    received.sort_unstable();
    for big_endian in [false, true] {
        for nanoseconds in [false, true] {
            let sender = capture(&sent, big_endian, nanoseconds);
            let receiver = capture(&received, !big_endian, !nanoseconds);
            let measurement = matched(&sender, &receiver, AT_3).expect("they match");
            assert_eq!((measurement.probes.len(), measurement.lost()), (20, 1));
            assert_eq!((measurement.duplicates, measurement.reordered), (1, 1));
            assert_eq!(measurement.probes[0].up_ns, Some(85 * MS));
            assert_eq!(measurement.probes[4].lost, Lost::Up);
        }
    }
}

#[test]
fn a_wrong_offset_a_truncated_capture_and_pcapng_are_named() {
    let sent: Vec<(i64, u32)> = (0..20_u32).map(|n| (i64::from(n) * 10 * MS, n)).collect();
    let bytes = capture(&sent, false, true);
    let (which, error) =
        matched(&bytes, &bytes, Numbering { offset: 0, ..AT_3 }).expect_err("not the number");
    assert!(
        which == 1 && error.to_string().contains("--sequence-offset"),
        "{error}"
    );
    let (which, error) =
        matched(&bytes, &bytes, Numbering { offset: 40, ..AT_3 }).expect_err("beyond the payload");
    assert!(
        which == 0 && error.to_string().contains("7 bytes of payload"),
        "{error}"
    );
    let (which, error) = matched(&bytes, &bytes[..bytes.len() - 5], AT_3).expect_err("truncated");
    assert!(
        which == 1 && error.to_string().contains("truncated"),
        "{error}"
    );
    let (_, error) = matched(
        &bytes,
        &bytes,
        Numbering {
            port: Some(9),
            ..AT_3
        },
    )
    .expect_err("no such port");
    assert!(error.to_string().contains("--port"), "{error}");
    let mut ng = bytes.clone();
    ng[..4].copy_from_slice(&[0x0a, 0x0d, 0x0d, 0x0a]);
    let (_, error) = matched(&ng, &bytes, AT_3).expect_err("pcapng");
    assert!(error.to_string().contains("pcapng"), "{error}");
}

#[test]
fn every_format_is_read_from_gzip_as_well() {
    for (format, name) in [
        (Format::Ping, "ping.txt"),
        (Format::Owping, "owping.txt"),
        (Format::Twping, "twping.txt"),
        (Format::Csv, "table.csv"),
    ] {
        let plain = fixture(name);
        assert_eq!(
            read_bytes(format, &gzip(&plain)),
            read_bytes(format, &plain),
            "{name}"
        );
    }
    let plain = irtt(&trips(100), 20 * MS, "");
    assert_eq!(
        read_bytes(Format::Irtt, &gzip(plain.as_bytes())),
        read_bytes(Format::Irtt, plain.as_bytes())
    );
}

#[test]
fn each_format_is_recognised_and_a_wrong_name_is_mended_in_the_message() {
    let text = irtt(&trips(20), 20 * MS, "");
    let files = [
        (Format::Irtt, text.into_bytes()),
        (Format::Ping, fixture("ping.txt")),
        (Format::Owping, fixture("owping.txt")),
        (Format::Twping, fixture("twping.txt")),
        (Format::Csv, fixture("table.csv")),
        (Format::Pcap, capture(&[(0, 1)], false, true)),
    ];
    for (is, bytes) in &files {
        assert_eq!(
            Source::new(bytes.as_slice())
                .expect("some")
                .sniff()
                .expect("readable"),
            Some(*is)
        );
        for named in Format::ALL {
            if named != *is {
                let error = read_bytes(named, bytes).expect_err("wrong format");
                assert!(
                    error.to_string().contains(&format!("twin import {is}")),
                    "{named}: {error}"
                );
            }
        }
    }
}

#[test]
fn no_cut_and_no_changed_byte_of_any_file_makes_a_reader_panic() {
    let text = irtt(&trips(12), 20 * MS, "\"late_packets\": 0").into_bytes();
    let sent: Vec<(i64, u32)> = (0..6_u32).map(|n| (i64::from(n) * 10 * MS, n)).collect();
    let bytes = capture(&sent, false, true);
    let files = [
        (Format::Irtt, gzip(&text)),
        (Format::Irtt, text),
        (Format::Ping, fixture("ping.txt")),
        (Format::Owping, fixture("owping.txt")),
        (Format::Twping, fixture("twping.txt")),
        (Format::Csv, fixture("table.csv")),
        (Format::Pcap, bytes),
    ];
    let stated = FitOptions {
        base_ms: Some((1.0, 1.0)),
        ..FitOptions::default()
    };
    let use_it = |format: Format, bytes: &[u8]| {
        let Ok(source) = Source::new(bytes) else {
            return;
        };
        let measurement = match format {
            Format::Pcap => {
                let Ok(other) = Source::new(bytes) else {
                    return;
                };
                pcap::read(source, other, AT_3).ok()
            }
            _ => read::read(format, source).ok(),
        };
        if let Some(measurement) = measurement {
            let _ = fit(&measurement, &stated);
        }
    };
    let mut random = net_model::random::Stream::new(11, "damage");
    for (format, bytes) in &files {
        for _ in 0..300 {
            let cut = random.below(bytes.len() as u64) as usize;
            use_it(*format, &bytes[..cut]);
            let mut damaged = bytes.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(damaged.len() as u64) as usize;
                // Digits more often than not: numbers are where the traps are.
                damaged[at] = if random.uniform() < 0.7 {
                    b'0' + random.below(10) as u8
                } else {
                    random.below(256) as u8
                };
            }
            use_it(*format, &damaged);
        }
    }
}
