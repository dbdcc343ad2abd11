//! What `irtt client -o` writes: JSON, one object a round trip, read as a stream.
//!
//! The stamps are integers above 2^53, so they are never floats. irtt's own sums are not used: its uplink loss
//! underflows and its labels of the direction of a loss are wrong once packets were reordered.

use std::cell::RefCell;
use std::fmt;
use std::io::BufReader;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::error::ImportError;
use crate::measurement::{
    CLOCK_NS, Format, LONGEST_DELAY_NS, Lost, MOST_PROBES, Measurement, ONE_WAY_NS, Probe,
    impossible, too_many,
};
use crate::source::{Source, Unindented};

/// `irtt server` refuses probes closer than this unless told otherwise (bucket of 5 packets).
const SERVER_MIN_INTERVAL_NS: i64 = 10_000_000;

/// A wall clock that moved by more than this against the monotonic one between two probes was stepped.
const CLOCK_STEP_NS: i64 = 1_000_000;

/// Reads one file.
///
/// # Errors
/// [`ImportError`] for other JSON, truncated input, or times that cannot be.
pub fn read(source: Source<'_>) -> Result<Measurement, ImportError> {
    let is_gzip = source.is_gzip();
    let refused = RefCell::new(None);
    let mut json = serde_json::Deserializer::from_reader(BufReader::with_capacity(
        64 * 1024,
        Unindented::new(source),
    ));
    let file = FileSeed { refused: &refused }
        .deserialize(&mut json)
        .and_then(|file| json.end().map(|()| file));
    match file {
        Ok(file) => file.into_measurement(),
        // A refusal of ours travels out of serde as a bare message: the real one was kept.
        Err(error) => Err(match refused.into_inner() {
            Some(own) => own,
            None => told(error, is_gzip),
        }),
    }
}

fn told(error: serde_json::Error, is_gzip: bool) -> ImportError {
    let (line, column) = (error.line(), error.column());
    let told = explained(error, is_gzip);
    // Columns are of the text without its indentation, so they are told only of a file of one line.
    if line == 1 {
        told.at(line, column)
    } else {
        told.at_line(line, "")
    }
}

fn explained(error: serde_json::Error, is_gzip: bool) -> ImportError {
    if error.is_io() {
        let error: std::io::Error = error.into();
        return crate::source::unreadable(&error, is_gzip);
    }
    if error.is_eof() {
        return ImportError::new(
            "the JSON ends before its end: the file is truncated",
            "copy it again, whole, or let irtt run to its end",
        );
    }
    let text = error.to_string();
    if text.contains("trailing characters") {
        return ImportError::new(
            "something follows the measurement: two files in one?",
            "give each measurement as a file of its own",
        );
    }
    // serde adds the place, which stands in front already.
    let what = text.split(" at line ").next().unwrap_or(&text).to_string();
    ImportError::new(
        format!("not the output of `irtt client -o`: {what}"),
        "name the format that the file has",
    )
}

/// What is kept of a file.
#[derive(Default)]
struct File {
    config: Config,
    stats: Stats,
    trips: Option<Trips>,
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default)]
    remote_address: String,
    #[serde(default)]
    params: Params,
}

#[derive(Default, Deserialize)]
struct Params {
    interval: Option<i64>,
    #[serde(default)]
    stamp_at: String,
}

#[derive(Default, Deserialize)]
struct Stats {
    late_packets: Option<u64>,
    duplicates: Option<u64>,
    upstream_loss_percent: Option<f64>,
    downstream_loss_percent: Option<f64>,
}

#[derive(Default)]
struct Trips {
    probes: Vec<Probe>,
    start_wall_ns: Option<i64>,
    start_ns: i64,
    last_seqno: Option<u64>,
    client_offset_ns: Option<i64>,
    server_offset_ns: Option<i64>,
    clock_steps: u64,
    last_arrival_ns: [Option<i64>; 2],
    reordered: u64,
    late: u64,
    labelled: [u64; 2],
    negative_owd: u64,
}

struct FileSeed<'a> {
    refused: &'a RefCell<Option<ImportError>>,
}

impl<'de> DeserializeSeed<'de> for FileSeed<'_> {
    type Value = File;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<File, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FileSeed<'_> {
    type Value = File;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `round_trips`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
        let mut file = File::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "config" => file.config = map.next_value()?,
                "stats" => file.stats = map.next_value()?,
                "round_trips" => {
                    if file.trips.is_some() {
                        return Err(A::Error::custom("`round_trips` stands there twice"));
                    }
                    file.trips = Some(map.next_value_seed(TripsSeed {
                        refused: self.refused,
                    })?);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if file.trips.is_none() {
            return Err(A::Error::custom("it has no `round_trips`"));
        }
        Ok(file)
    }
}

struct TripsSeed<'a> {
    refused: &'a RefCell<Option<ImportError>>,
}

impl<'de> DeserializeSeed<'de> for TripsSeed<'_> {
    type Value = Trips;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Trips, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TripsSeed<'_> {
    type Value = Trips;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of round trips")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Trips, A::Error> {
        let mut trips = Trips::default();
        while let Some(trip) = list.next_element::<RoundTrip>()? {
            if let Err(refused) = trips.add(&trip) {
                *self.refused.borrow_mut() = Some(refused);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(trips)
    }
}

#[derive(Deserialize)]
struct RoundTrip {
    seqno: u64,
    lost: LostLabel,
    timestamps: Timestamps,
    delay: Delay,
}

#[derive(Deserialize)]
struct Timestamps {
    client: Ends,
    server: Ends,
    /// Since 0.9.2.
    #[serde(default)]
    late: bool,
}

#[derive(Deserialize)]
struct Ends {
    #[serde(default)]
    send: Stamp,
    #[serde(default)]
    receive: Stamp,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Stamp {
    wall: Option<i64>,
    monotonic: Option<i64>,
}

#[derive(Deserialize)]
struct Delay {
    rtt: Option<i64>,
}

/// irtt writes a string; its manual shows a boolean.
struct LostLabel(Lost);

impl<'de> Deserialize<'de> for LostLabel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Label;
        impl Visitor<'_> for Label {
            type Value = LostLabel;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "`lost` as true, false, \"true\", \"false\", \"true_up\" or \"true_down\"",
                )
            }

            fn visit_bool<E>(self, lost: bool) -> Result<LostLabel, E> {
                Ok(LostLabel(if lost { Lost::Somewhere } else { Lost::No }))
            }

            fn visit_str<E: serde::de::Error>(self, label: &str) -> Result<LostLabel, E> {
                Ok(LostLabel(match label {
                    "false" => Lost::No,
                    "true" => Lost::Somewhere,
                    "true_up" => Lost::Up,
                    "true_down" => Lost::Down,
                    _ => return Err(E::invalid_value(serde::de::Unexpected::Str(label), &self)),
                }))
            }
        }
        deserializer.deserialize_any(Label)
    }
}

impl Trips {
    fn add(&mut self, trip: &RoundTrip) -> Result<(), ImportError> {
        let refuse = |what: &str| Err(impossible(trip.seqno, what));
        if self.probes.len() == MOST_PROBES {
            return Err(too_many());
        }
        if self.last_seqno.is_some_and(|last| trip.seqno <= last) {
            return refuse(
                "its number is not above the one before it: two measurements in one list?",
            );
        }
        self.last_seqno = Some(trip.seqno);
        let stamps = &trip.timestamps;
        let ends = [
            stamps.client.send,
            stamps.client.receive,
            stamps.server.send,
            stamps.server.receive,
        ];
        let mut times = ends
            .iter()
            .flat_map(|end| [end.wall, end.monotonic])
            .flatten();
        if !times.all(|ns| CLOCK_NS.contains(&ns)) {
            return refuse("a time stamp of it is no clock's");
        }
        let send = stamps.client.send;
        let Some(at_ns) = send.monotonic.or(send.wall) else {
            return refuse("it has no client send time (was irtt run with --tstamp both?)");
        };
        if self.probes.is_empty() {
            self.start_ns = at_ns;
            self.start_wall_ns = send.wall;
        }
        let sent_ns = at_ns - self.start_ns;
        if self
            .probes
            .last()
            .is_some_and(|before| sent_ns <= before.sent_ns)
        {
            return refuse("it was sent no later than the one before it");
        }
        let lost = trip.lost.0;
        let rtt_ns = trip.delay.rtt;
        match (lost, rtt_ns) {
            (Lost::No, None) => return refuse("it is not lost and has no round-trip time"),
            (Lost::No, Some(ns)) if ns < 0 => return refuse("its round-trip time is negative"),
            (Lost::No, Some(ns)) if ns > LONGEST_DELAY_NS => {
                return refuse("its round-trip time is longer than an hour");
            }
            (Lost::No, Some(_)) | (_, None) => {}
            (_, Some(_)) => return refuse("it is lost and has a round-trip time"),
        }
        match lost {
            Lost::Up => self.labelled[0] += 1,
            Lost::Down => self.labelled[1] += 1,
            _ => {}
        }
        self.late += u64::from(stamps.late);
        // A step of a wall clock would look like a step of the route: walls are made from the monotonic clocks,
        // aligned once, at the first probe.
        let client_offset = wall_offset(send);
        if let (Some(now), Some(before)) = (client_offset, self.client_offset_ns) {
            self.clock_steps += u64::from((now - before).abs() > CLOCK_STEP_NS);
        }
        let client_start = *self
            .client_offset_ns
            .get_or_insert(client_offset.unwrap_or(0));
        let server_start =
            match wall_offset(stamps.server.receive).or(wall_offset(stamps.server.send)) {
                Some(offset) => *self.server_offset_ns.get_or_insert(offset),
                None => self.server_offset_ns.unwrap_or(0),
            };
        let client = |stamp: Stamp| {
            stamp
                .monotonic
                .map(|ns| ns.saturating_add(client_start))
                .or(stamp.wall)
        };
        let server = |stamp: Stamp| {
            stamp
                .monotonic
                .map(|ns| ns.saturating_add(server_start))
                .or(stamp.wall)
        };
        let (sent, came) = (client(send), server(stamps.server.receive));
        let (left, back) = (server(stamps.server.send), client(stamps.client.receive));
        let mut up_ns = came.zip(sent).map(|(came, sent)| came.saturating_sub(sent));
        let mut down_ns = back.zip(left).map(|(back, left)| back.saturating_sub(left));
        // With stamps at one event only, the other way is the rest of the round trip.
        if let Some(rtt_ns) = rtt_ns {
            up_ns = up_ns.or(down_ns.map(|down_ns| rtt_ns.saturating_sub(down_ns)));
            down_ns = down_ns.or(up_ns.map(|up_ns| rtt_ns.saturating_sub(up_ns)));
        } else {
            (up_ns, down_ns) = (None, None);
        }
        if up_ns
            .into_iter()
            .chain(down_ns)
            .any(|ns| !ONE_WAY_NS.contains(&ns))
        {
            return refuse("the clocks of the two ends are more than 70 years apart");
        }
        self.negative_owd +=
            u64::from(up_ns.is_some_and(|ns| ns < 0) || down_ns.is_some_and(|ns| ns < 0));
        for (last, arrival) in self.last_arrival_ns.iter_mut().zip([came, back]) {
            if let Some(ns) = arrival {
                self.reordered += u64::from(last.is_some_and(|last| ns < last));
                *last = Some(last.map_or(ns, |last| last.max(ns)));
            }
        }
        self.probes.push(Probe {
            sent_ns,
            up_ns,
            down_ns,
            rtt_ns,
            lost,
        });
        Ok(())
    }
}

/// Wall time less monotonic time, where a stamp has both.
fn wall_offset(stamp: Stamp) -> Option<i64> {
    stamp
        .wall
        .zip(stamp.monotonic)
        .map(|(wall, monotonic)| wall - monotonic)
}

impl File {
    fn into_measurement(self) -> Result<Measurement, ImportError> {
        let Self {
            config,
            stats,
            trips,
        } = self;
        let mut trips = trips.unwrap_or_default();
        let late = stats.late_packets.unwrap_or(0).max(trips.late);
        let reordered = late.max(trips.reordered);
        let mut notes = Vec::new();
        let labels = trips.labelled[0] + trips.labelled[1];
        if reordered > 0 && labels > 0 {
            for probe in &mut trips.probes {
                if probe.lost != Lost::No {
                    probe.lost = Lost::Somewhere;
                }
            }
            notes.push(format!(
                "{reordered} packets were reordered, and irtt's labels of the direction of a loss are wrong once \
                 that happens: its {} `true_up` and {} `true_down` are not trusted, only the total is used",
                trips.labelled[0], trips.labelled[1]
            ));
        }
        let is_percent = |percent: &f64| (0.0..=100.0).contains(percent);
        for (what, percent) in [
            ("upstream", stats.upstream_loss_percent),
            ("downstream", stats.downstream_loss_percent),
        ] {
            if let Some(percent) = percent.filter(|percent| !is_percent(percent)) {
                notes.push(format!(
                    "irtt's {what}_loss_percent is {percent}: its unsigned subtraction underflows when duplicates \
                     exceed losses; losses are counted anew from the round trips"
                ));
            }
        }
        if let Some(duplicates) = stats.duplicates.filter(|&count| count > 0) {
            notes.push(format!(
                "irtt counts {duplicates} duplicates among its received packets; losses are counted anew from the \
                 round trips"
            ));
        }
        let interval_ns = config.params.interval.filter(|&ns| ns > 0);
        if let Some(ns) = interval_ns.filter(|&ns| ns <= SERVER_MIN_INTERVAL_NS) {
            notes.push(format!(
                "the interval of {:.3} ms is not above the server's default least interval of 10 ms (5 at once): a \
                 server without `-i 0` drops bunched probes, which reads as loss on the way up",
                ns as f64 * 1e-6
            ));
        }
        let one_way = trips.probes.iter().any(|probe| probe.up_ns.is_some());
        if !one_way {
            notes.push(
                "there are no server time stamps (irtt was run with --tstamp none): each direction gets half of the \
                 round trip"
                    .into(),
            );
        }
        if matches!(config.params.stamp_at.as_str(), "send" | "receive") {
            notes.push(format!(
                "the server stamped packets only on {}: the other way is the rest of the round trip",
                config.params.stamp_at
            ));
        }
        if trips.clock_steps > 0 {
            notes.push(format!(
                "the console's wall clock was stepped {} times; the monotonic clock is used",
                trips.clock_steps
            ));
        }
        if trips.negative_owd > 0 {
            notes.push(format!(
                "{} probes have a negative one-way delay: the clocks of the two ends differ",
                trips.negative_owd
            ));
        }
        Measurement {
            format: Format::Irtt,
            probes: trips.probes,
            start_wall_ns: trips.start_wall_ns,
            interval_ns,
            synchronised: false,
            duplicates: stats.duplicates.unwrap_or(0),
            reordered,
            both_ways: true,
            target: config.remote_address,
            notes,
        }
        .checked()
    }
}
