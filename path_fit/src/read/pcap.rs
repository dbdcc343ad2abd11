//! Two captures, one taken at the sender and one at the receiver, matched by a number in the UDP payload.

use std::collections::BTreeMap;
use std::io::Read;

use crate::error::ImportError;
use crate::measurement::{CLOCK_NS, Format, Lost, MOST_PROBES, Measurement, Probe, too_many};
use crate::source::Source;

/// Where the number stands in each packet, and which packets count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbering {
    /// Bytes of UDP payload before the number.
    pub offset: usize,
    /// Its width in bytes: 2, 4 or 8.
    pub width: usize,
    /// Whether the least significant byte comes first.
    pub little_endian: bool,
    /// Only packets to this UDP port, if given.
    pub port: Option<u16>,
}

/// Captured packets longer than this are no packets (tcpdump's own limit is 262,144).
const LONGEST_PACKET: usize = 1 << 20;

/// Reads the sender's and the receiver's capture. Each error carries 0 or 1: which of the two it is about.
///
/// # Errors
/// [`ImportError`] with the byte offset where it is known.
pub fn read(
    sender: Source<'_>,
    receiver: Source<'_>,
    numbering: Numbering,
) -> Result<Measurement, (usize, ImportError)> {
    let sent = Capture::read(sender, numbering).map_err(|error| (0, error))?;
    let received = Capture::read(receiver, numbering).map_err(|error| (1, error))?;
    matched(&sent, &received).map_err(|error| (1, error))
}

/// The packets of one capture, in its order.
struct Capture {
    packets: Vec<(u64, i64)>,
    ports: BTreeMap<u16, u64>,
}

impl Capture {
    fn read(source: Source<'_>, numbering: Numbering) -> Result<Self, ImportError> {
        let mut bytes = Bytes { source, at: 0 };
        let mut header = [0; 24];
        if !bytes.fill(&mut header)? {
            return Err(ImportError::new("the capture is empty", "capture again"));
        }
        let magic: [u8; 4] = [header[0], header[1], header[2], header[3]];
        let (is_big, ns_per_unit) = match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (false, 1_000),
            [0xa1, 0xb2, 0xc3, 0xd4] => (true, 1_000),
            [0x4d, 0x3c, 0xb2, 0xa1] => (false, 1),
            [0xa1, 0xb2, 0x3c, 0x4d] => (true, 1),
            [0x0a, 0x0d, 0x0d, 0x0a] => {
                return Err(ImportError::new(
                    "this is pcapng, which is not read",
                    "convert it with `tcpdump -r FILE -w NEW.pcap` or `editcap -F pcap`",
                ));
            }
            _ => {
                return Err(ImportError::new(
                    "this is no pcap capture",
                    "capture with `tcpdump --time-stamp-precision=nano -w FILE`",
                ));
            }
        };
        let word = |bytes: &[u8], at: usize| {
            let four = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
            if is_big {
                u32::from_be_bytes(four)
            } else {
                u32::from_le_bytes(four)
            }
        };
        // The upper bits are about a frame check sequence.
        let link = word(&header, 20) & 0x0fff_ffff;
        let mut capture = Self {
            packets: Vec::new(),
            ports: BTreeMap::new(),
        };
        let mut record = [0; 16];
        let mut packet = Vec::new();
        while bytes.fill(&mut record)? {
            let at = bytes.at;
            let captured = word(&record, 8) as usize;
            if captured > LONGEST_PACKET {
                return Err(ImportError::new(
                    format!("a packet of {captured} bytes: the capture is damaged"),
                    "copy it again, whole",
                )
                .at_byte(at));
            }
            packet.resize(captured, 0);
            if captured > 0 && !bytes.fill(&mut packet)? {
                return Err(truncated(at));
            }
            let time_ns = i64::from(word(&record, 0)) * 1_000_000_000
                + i64::from(word(&record, 4)) * ns_per_unit;
            if !CLOCK_NS.contains(&time_ns) {
                return Err(ImportError::new(
                    "a time that is no clock's",
                    "the capture is damaged",
                )
                .at_byte(at));
            }
            let Some((port, payload)) = udp_payload(&packet, link) else {
                continue;
            };
            if numbering.port.is_some_and(|wanted| wanted != port) {
                continue;
            }
            *capture.ports.entry(port).or_insert(0) += 1;
            let Some(number) = number_in(payload, numbering) else {
                return Err(ImportError::new(
                    format!(
                        "a packet to port {port} has {} bytes of payload, and its number should stand at {}",
                        payload.len(),
                        numbering.offset
                    ),
                    "check --sequence-offset, name the port with --port, or capture whole packets (`tcpdump -s 0`)",
                )
                .at_byte(at));
            };
            if capture.packets.len() == MOST_PROBES {
                return Err(too_many());
            }
            capture.packets.push((number, time_ns));
        }
        if capture.packets.is_empty() {
            return Err(ImportError::new(
                format!("no UDP packet in it that counts (link type {link})"),
                "check --port; Ethernet, raw IP, loopback and Linux cooked captures are read",
            ));
        }
        if capture.ports.len() > 1 {
            let ports: Vec<String> = capture
                .ports
                .iter()
                .map(|(port, count)| format!("{port} ({count})"))
                .collect();
            return Err(ImportError::new(
                format!(
                    "mixed measurements: packets to the ports {}",
                    ports.join(", ")
                ),
                "choose one with --port",
            ));
        }
        Ok(capture)
    }
}

struct Bytes<'a> {
    source: Source<'a>,
    at: u64,
}

impl Bytes<'_> {
    /// Fills the buffer; false at a clean end.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<bool, ImportError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.source.read(&mut buffer[filled..]) {
                Ok(0) if filled == 0 => return Ok(false),
                Ok(0) => return Err(truncated(self.at)),
                Ok(count) => {
                    filled += count;
                    self.at += count as u64;
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.source.unreadable(&error).at_byte(self.at)),
            }
        }
        Ok(true)
    }
}

fn truncated(at: u64) -> ImportError {
    ImportError::new(
        "the capture ends inside a packet: it is truncated",
        "copy it again, whole",
    )
    .at_byte(at)
}

/// The UDP destination port and payload of a captured packet, if it is one.
fn udp_payload(packet: &[u8], link: u32) -> Option<(u16, &[u8])> {
    let be16 =
        |bytes: &[u8], at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    let ip = match link {
        // Ethernet, with up to two VLAN tags.
        1 => {
            let mut at = 12;
            while matches!(be16(packet, at)?, 0x8100 | 0x88a8) {
                at += 4;
            }
            matches!(be16(packet, at)?, 0x0800 | 0x86dd).then(|| packet.get(at + 2..))??
        }
        // BSD loopback: a word for the family.
        0 => packet.get(4..)?,
        12 | 14 | 101 => packet,
        // Linux cooked, 1 and 2.
        113 => packet.get(16..)?,
        276 => packet.get(20..)?,
        _ => return None,
    };
    const UDP: u8 = 17;
    let udp = match ip.first()? >> 4 {
        4 => {
            let is_fragment = be16(ip, 6)? & 0x1fff != 0;
            if *ip.get(9)? != UDP || is_fragment {
                return None;
            }
            ip.get(usize::from(ip[0] & 15) * 4..)?
        }
        6 if *ip.get(6)? == UDP => ip.get(40..)?,
        _ => return None,
    };
    let port = be16(udp, 2)?;
    // Ethernet pads short frames: the UDP length says where the payload ends.
    let length = usize::from(be16(udp, 4)?).clamp(8, udp.len().max(8));
    Some((port, udp.get(8..length)?))
}

fn number_in(payload: &[u8], numbering: Numbering) -> Option<u64> {
    let bytes = payload.get(numbering.offset..numbering.offset.checked_add(numbering.width)?)?;
    let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    Some(if numbering.little_endian {
        bytes.iter().rev().fold(0, fold)
    } else {
        bytes.iter().fold(0, fold)
    })
}

fn matched(sent: &Capture, received: &Capture) -> Result<Measurement, ImportError> {
    let mut first_sent: BTreeMap<u64, i64> = BTreeMap::new();
    for &(number, time_ns) in &sent.packets {
        first_sent.entry(number).or_insert(time_ns);
    }
    let repeats_at_sender = sent.packets.len() - first_sent.len();
    if repeats_at_sender * 2 > sent.packets.len() {
        return Err(ImportError::new(
            format!(
                "{} of {} packets at the sender repeat a number: there is no sequence number at this offset",
                repeats_at_sender,
                sent.packets.len()
            ),
            "check --sequence-offset and --sequence-bytes",
        ));
    }
    let mut arrivals: BTreeMap<u64, i64> = BTreeMap::new();
    let (mut duplicates, mut strangers, mut reordered) = (0_u64, 0_u64, 0_u64);
    let mut newest_sent_ns = i64::MIN;
    for &(number, time_ns) in &received.packets {
        let Some(&sent_ns) = first_sent.get(&number) else {
            strangers += 1;
            continue;
        };
        if arrivals.contains_key(&number) {
            duplicates += 1;
            continue;
        }
        arrivals.insert(number, time_ns);
        reordered += u64::from(sent_ns < newest_sent_ns);
        newest_sent_ns = newest_sent_ns.max(sent_ns);
    }
    if arrivals.is_empty() {
        return Err(ImportError::new(
            "not one number of this capture is in the sender's",
            "check --sequence-offset and --sequence-bytes, and that both captures are of one measurement",
        ));
    }
    let mut order: Vec<(i64, u64)> = first_sent
        .iter()
        .map(|(&number, &time_ns)| (time_ns, number))
        .collect();
    order.sort_unstable();
    let start_ns = order[0].0;
    let mut probes: Vec<Probe> = Vec::with_capacity(order.len());
    let mut negative = 0_u64;
    for (time_ns, number) in order {
        let up_ns = arrivals.get(&number).map(|arrival_ns| arrival_ns - time_ns);
        negative += u64::from(up_ns.is_some_and(|ns| ns < 0));
        // A capture in microseconds may give two packets one time.
        let earliest_ns = probes.last().map_or(i64::MIN, |last| last.sent_ns + 1);
        probes.push(Probe {
            sent_ns: (time_ns - start_ns).max(earliest_ns),
            up_ns,
            down_ns: None,
            rtt_ns: None,
            lost: if up_ns.is_some() { Lost::No } else { Lost::Up },
        });
    }
    let mut notes = vec![
        "the two captures have the clocks of two machines: only the variation of the delay is used"
            .to_string(),
    ];
    if negative > 0 {
        notes.push(format!(
            "{negative} packets have a negative delay: the clocks of the two ends differ"
        ));
    }
    if repeats_at_sender > 0 {
        notes.push(format!(
            "{repeats_at_sender} packets at the sender repeat a number; the first of each counts"
        ));
    }
    if duplicates > 0 {
        notes.push(format!(
            "{duplicates} packets arrived more than once; the first of each counts"
        ));
    }
    if strangers > 0 {
        notes.push(format!("{strangers} packets at the receiver have a number that the sender's capture lacks; left out"));
    }
    Measurement {
        format: Format::Pcap,
        probes,
        start_wall_ns: Some(start_ns),
        interval_ns: None,
        synchronised: false,
        duplicates,
        reordered,
        both_ways: false,
        target: String::new(),
        notes,
    }
    .checked()
}
