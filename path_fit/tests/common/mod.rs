//! Measurements made by a model whose truth is known, written as irtt writes them.

#![allow(dead_code)]

use std::fmt::Write as _;

use net_model::random::Stream;

/// One round trip of a made measurement.
#[derive(Clone, Copy)]
pub struct Trip {
    pub sent_ns: i64,
    pub up_ns: i64,
    pub down_ns: i64,
    pub lost: bool,
    /// What irtt would print: it need not be true.
    pub label: &'static str,
}

/// The server's clock reads so much more than the client's.
pub const SERVER_AHEAD_NS: i64 = 12_000_345_678;

pub const START_WALL_NS: i64 = 1_795_500_865_770_314_289;

/// The text of a measurement, indented as irtt does it.
pub fn irtt(trips: &[Trip], interval_ns: i64, stats: &str) -> String {
    let mut text = format!(
        "{{\n    \"version\": {{\n        \"irtt\": \"0.9.0\",\n        \"json_format\": 1\n    }},\n    \"config\": {{\n        \
         \"remote_address\": \"10.9.0.2:2112\",\n        \"params\": {{\n            \"interval\": {interval_ns}\n        \
         }}\n    }},\n    \"stats\": {{{stats}}},\n    \"round_trips\": [\n"
    );
    for (seqno, trip) in trips.iter().enumerate() {
        let stamp = |ns: i64| {
            let wall = START_WALL_NS + ns;
            format!(
                "{{\n                        \"wall\": {wall},\n                        \"monotonic\": {ns}\n                    }}"
            )
        };
        let came = trip.sent_ns + trip.up_ns + SERVER_AHEAD_NS;
        let left = came + 50_000;
        let back = left - SERVER_AHEAD_NS + trip.down_ns;
        let (arrival, server, delay) = if trip.lost {
            ("{}".into(), ["{}".into(), "{}".into()], "{}".into())
        } else {
            let delay = format!(
                "{{\n                \"receive\": {},\n                \"rtt\": {},\n                \"send\": {}\n            }}",
                trip.down_ns - SERVER_AHEAD_NS,
                trip.up_ns + trip.down_ns,
                trip.up_ns + SERVER_AHEAD_NS
            );
            (stamp(back), [stamp(came), stamp(left)], delay)
        };
        let _ = write!(
            text,
            "        {{\n            \"seqno\": {seqno},\n            \"lost\": {},\n            \"timestamps\": {{\n                \
             \"client\": {{\n                    \"receive\": {arrival},\n                    \"send\": {}\n                \
             }},\n                \"server\": {{\n                    \"receive\": {},\n                    \"send\": {}\n                \
             }}\n            }},\n            \"delay\": {delay},\n            \"ipdv\": {{}}\n        }}{}\n",
            trip.label,
            stamp(trip.sent_ns),
            server[0],
            server[1],
            if seqno + 1 < trips.len() { "," } else { "" }
        );
    }
    text.push_str("    ]\n}\n");
    text
}

/// A Gilbert chain as netem's `gemodel p r`: all is lost in the bad state.
pub struct Chain {
    pub p: f64,
    pub r: f64,
    pub bad: bool,
}

impl Chain {
    pub fn next(&mut self, stream: &mut Stream) -> bool {
        let lost = self.bad;
        let moves = if self.bad { self.r } else { self.p };
        self.bad ^= stream.uniform() < moves;
        lost
    }
}

/// netem's law "paretonormal" as its makers describe it: a quarter normal, three quarters Pareto of index 3, here centred
/// at its mean of 1.5 and scaled by 4/3 (assumed; the table itself is not copied).
pub fn paretonormal(stream: &mut Stream) -> f64 {
    let pareto = (libm::pow(1.0 - stream.uniform(), -1.0 / 3.0) - 1.5) * 4.0 / 3.0;
    // netem's tables end at four standard deviations.
    0.25 * stream.normal() + 0.75 * pareto.min(4.0)
}

/// Round trips over two ways of netem: 85 ms, 2 ms paretonormal, Gilbert p 1 %, r 25 %, each 1 ms.
pub fn netem_trips(count: i64, seed: u64) -> Vec<Trip> {
    let mut delays = Stream::new(seed, "netem delays");
    let mut losses = Stream::new(seed, "netem losses");
    let chain = || Chain {
        p: 0.01,
        r: 0.25,
        bad: false,
    };
    let (mut up, mut down) = (chain(), chain());
    let way_ns = |stream: &mut Stream| (85e6 + 2e6 * paretonormal(stream)) as i64;
    (0..count)
        .map(|n| {
            let lost_up = up.next(&mut losses);
            let lost_down = !lost_up && down.next(&mut losses);
            Trip {
                sent_ns: 227_556_352 + n * 1_000_000 + (delays.uniform() * 20_000.0) as i64,
                up_ns: way_ns(&mut delays),
                down_ns: way_ns(&mut delays),
                lost: lost_up || lost_down,
                // irtt's labels after reordering: mostly wrong.
                label: match (lost_up, lost_down) {
                    (false, false) => "\"false\"",
                    _ if n % 5 == 0 => "\"true_down\"",
                    _ => "\"true_up\"",
                },
            }
        })
        .collect()
}
