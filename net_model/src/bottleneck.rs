//! The narrowest point of a link: a queue of limited size, served at a limited rate, shared with other traffic.
//!
//! The queue is not a list of packets: it is the moment at which all that was accepted so far will have been sent.
//! So a link needs the same memory however much traffic it carries. Other traffic is made when a packet of ours comes
//! by, up to that moment and in the order of time.

use serde::{Deserialize, Serialize};

use crate::policer::{BIT_NS_PER_BYTE, transmission_ns};
use crate::random::Stream;
use crate::units::{Bytes, LogSd, MegabitsPerSecond, PerSecond, Ratio, Sojourn};

/// A first-in first-out queue that drops what does not fit (drop-tail).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bottleneck {
    /// How fast it is emptied, in Mbit/s.
    pub rate_mbit_s: MegabitsPerSecond,
    /// How much it holds, in bytes, the packet that is being sent included.
    pub limit_bytes: Bytes,
    /// What else goes through it.
    #[serde(default)]
    pub cross: Vec<CrossTraffic>,
}

/// Other traffic in the same queue. Faults do not strike it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum CrossTraffic {
    /// Packets at random moments (a Poisson process).
    Poisson {
        /// How often, on average.
        packets_per_s: PerSecond,
        /// Size of a packet, or its mean.
        bytes: Bytes,
        /// Whether the sizes are exponential instead of constant.
        #[serde(default)]
        exponential_sizes: bool,
    },
    /// Somebody else's transfers: even packets during exponential times, nothing between.
    OnOff {
        /// Mean length of a transfer, in ms.
        on_ms: Sojourn,
        /// Mean pause, in ms.
        off_ms: Sojourn,
        /// Rate during a transfer, in Mbit/s.
        rate_mbit_s: MegabitsPerSecond,
        /// Size of a packet.
        packet_bytes: Bytes,
    },
    /// The endoscope's picture: each frame a burst of packets, every n-th a key frame many times as large.
    Video {
        /// Frames a second.
        frames_per_s: PerSecond,
        /// Mean rate, in Mbit/s.
        rate_mbit_s: MegabitsPerSecond,
        /// Each how manieth frame is a key frame; 1: all.
        key_every: u32,
        /// How many times as large as another frame a key frame is.
        key_ratio: Ratio,
        /// Spread of the sizes of a kind: standard deviation of the logarithm (lognormal; the mean stays).
        #[serde(default = "no_spread")]
        size_log_sd: LogSd,
        /// Size of a packet.
        packet_bytes: Bytes,
    },
}

fn no_spread() -> LogSd {
    LogSd::MIN
}

/// What the other traffic of one link met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadCounters {
    /// Packets offered to the queue.
    pub packets: u64,
    /// Packets that it dropped.
    pub dropped: u64,
    /// Bytes offered.
    pub bytes: u64,
}

/// What the video of one link met so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VideoCounters {
    /// Frames captured.
    pub frames: u64,
    /// Frames of which at least one packet was dropped.
    pub damaged: u64,
    /// Sum of the times from capture until the last packet of the frame has left the queue, ns.
    pub queueing_sum_ns: u128,
    /// The longest of these times.
    pub queueing_max_ns: u64,
    /// The last frame captured.
    pub last: Option<VideoFrame>,
}

/// One frame of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoFrame {
    /// Its number, from 0.
    pub number: u64,
    /// When it was captured, ns.
    pub captured_ns: u64,
    /// When its last packet has left the queue, ns; the least one-way delay of the link comes on top.
    pub out_of_queue_ns: u64,
    /// Whether a packet of it was dropped.
    pub damaged: bool,
}

/// The queue of one link and its sources.
#[derive(Clone, Debug)]
pub(crate) struct SharedQueue {
    bits_per_s: u64,
    limit_bytes: u64,
    /// When everything accepted so far has been sent.
    empty_at_ns: u64,
    sources: Vec<Source>,
    load: LoadCounters,
    video: VideoCounters,
}

#[derive(Clone, Debug)]
struct Source {
    next_ns: u64,
    kind: SourceKind,
    stream: Stream,
}

#[derive(Clone, Debug)]
enum SourceKind {
    Poisson {
        mean_gap_ns: f64,
        mean_bytes: f64,
        exponential_sizes: bool,
    },
    OnOff {
        on_ns: f64,
        off_ns: f64,
        gap_ns: u64,
        bytes: u64,
        until_ns: u64,
    },
    Video {
        /// Frames in 1,000 s: frame n is captured at n * 10^12 / this, so that no rounding adds up.
        frames_per_ks: u64,
        number: u64,
        key_every: u64,
        key_bytes: f64,
        other_bytes: f64,
        log_sd: f64,
        packet_bytes: u64,
        first_ns: u64,
    },
    /// Congestion by a fault: even packets in a window.
    Steady { gap_ns: u64, until_ns: u64 },
}

/// The size of a packet of a fault's congestion: a full Ethernet frame.
const STEADY_BYTES: u64 = 1_500;

/// No frame of a picture is larger, however wide the spread of their sizes: a terabyte.
const LARGEST_FRAME_BYTES: f64 = 1e12;

impl SharedQueue {
    /// What comes from here on is drawn anew; what was drawn already stays.
    pub fn rekey(&mut self, stream: &impl Fn(&str) -> Stream) {
        for (index, source) in self.sources.iter_mut().enumerate() {
            source.stream = stream(&format!("cross/{index}"));
        }
    }

    /// `stream` makes the named stream of a source.
    pub fn new(bottleneck: &Bottleneck, stream: &impl Fn(&str) -> Stream) -> Self {
        let sources = bottleneck.cross.iter().enumerate();
        Self {
            bits_per_s: bottleneck.rate_mbit_s.bits_per_s(),
            limit_bytes: bottleneck.limit_bytes.count(),
            empty_at_ns: 0,
            sources: sources
                .map(|(index, law)| Source::new(*law, stream(&format!("cross/{index}"))))
                .collect(),
            load: LoadCounters::default(),
            video: VideoCounters::default(),
        }
    }

    /// Adds even traffic at a rate, from one moment until another: congestion.
    pub fn congest(
        &mut self,
        from_ns: u64,
        until_ns: u64,
        rate: MegabitsPerSecond,
        stream: Stream,
    ) {
        self.sources.push(Source {
            next_ns: from_ns,
            kind: SourceKind::Steady {
                gap_ns: transmission_ns(STEADY_BYTES, rate.bits_per_s()).max(1),
                until_ns,
            },
            stream,
        });
    }

    /// A packet of ours: how long until it has been sent, or `None` if it does not fit.
    pub fn offer(&mut self, now_ns: u64, bytes: u64) -> Option<u64> {
        self.advance(now_ns);
        let accepted = self.accept(now_ns, bytes, 1);
        (accepted == 1).then(|| self.empty_at_ns - now_ns)
    }

    /// Lets the other traffic come up to a moment.
    pub fn advance(&mut self, now_ns: u64) {
        loop {
            // Of two at one moment, the one named first.
            let next = (0..self.sources.len()).min_by_key(|&index| self.sources[index].next_ns);
            let Some(next) = next.filter(|&index| self.sources[index].next_ns <= now_ns) else {
                return;
            };
            self.arrive(next);
        }
    }

    /// The next packets of one source.
    fn arrive(&mut self, index: usize) {
        let source = &mut self.sources[index];
        let at_ns = source.next_ns;
        let stream = &mut source.stream;
        let (bytes, packets) = match &mut source.kind {
            SourceKind::Poisson {
                mean_gap_ns,
                mean_bytes,
                exponential_sizes,
            } => {
                let gap_ns = (stream.quick_exponential() * *mean_gap_ns) as u64;
                source.next_ns = at_ns.saturating_add(gap_ns);
                let size = if *exponential_sizes {
                    stream.quick_exponential() * *mean_bytes
                } else {
                    *mean_bytes
                };
                (((size + 0.5) as u64).max(1), 1)
            }
            SourceKind::OnOff {
                on_ns,
                off_ns,
                gap_ns,
                bytes,
                until_ns,
            } => {
                source.next_ns = at_ns.saturating_add(*gap_ns);
                if source.next_ns >= *until_ns {
                    let pause_ns = (stream.quick_exponential() * *off_ns) as u64;
                    source.next_ns = until_ns.saturating_add(pause_ns).max(source.next_ns);
                    let stay_ns = (stream.quick_exponential() * *on_ns) as u64;
                    *until_ns = source.next_ns.saturating_add(stay_ns);
                }
                (*bytes, 1)
            }
            SourceKind::Video {
                frames_per_ks,
                number,
                key_every,
                key_bytes,
                other_bytes,
                log_sd,
                packet_bytes,
                first_ns,
            } => {
                let mean = if number.is_multiple_of(*key_every) {
                    *key_bytes
                } else {
                    *other_bytes
                };
                // The mean of exp(s z) is exp(s²/2).
                let spread = libm::exp(*log_sd * (stream.quick_normal() - 0.5 * *log_sd));
                let frame_bytes = (mean * spread).min(LARGEST_FRAME_BYTES) as u64;
                // The nearest number of packets, so that the mean rate is kept.
                let packets = (frame_bytes + *packet_bytes / 2) / *packet_bytes;
                let packets = packets.max(1);
                *number += 1;
                let after = u128::from(*number) * 1_000_000_000_000 / u128::from(*frames_per_ks);
                source.next_ns = first_ns.saturating_add(after.min(1 << 63) as u64);
                let (bytes, number) = (*packet_bytes, *number - 1);
                let accepted = self.accept(at_ns, bytes, packets);
                self.count(bytes, packets, accepted);
                self.frame(VideoFrame {
                    number,
                    captured_ns: at_ns,
                    out_of_queue_ns: self.empty_at_ns.max(at_ns),
                    damaged: accepted < packets,
                });
                return;
            }
            SourceKind::Steady { gap_ns, until_ns } => {
                source.next_ns = at_ns + *gap_ns;
                if source.next_ns >= *until_ns {
                    source.next_ns = u64::MAX;
                }
                if at_ns >= *until_ns {
                    return;
                }
                (STEADY_BYTES, 1)
            }
        };
        let accepted = self.accept(at_ns, bytes, packets);
        self.count(bytes, packets, accepted);
    }

    /// As many of `packets` as there is room for; how many they are.
    fn accept(&mut self, at_ns: u64, bytes: u64, packets: u64) -> u64 {
        // A backlog is never above the limit of 1 GB: this is below 2^64.
        let backlog_ns = self.empty_at_ns.saturating_sub(at_ns);
        let backlog = backlog_ns.saturating_mul(self.bits_per_s) / BIT_NS_PER_BYTE;
        let room = self.limit_bytes.saturating_sub(backlog);
        // A packet of nothing takes a byte.
        let bytes = bytes.max(1);
        let accepted = packets.min(room / bytes);
        if accepted > 0 {
            self.empty_at_ns =
                self.empty_at_ns.max(at_ns) + transmission_ns(accepted * bytes, self.bits_per_s);
        }
        accepted
    }

    fn count(&mut self, bytes: u64, packets: u64, accepted: u64) {
        let load = &mut self.load;
        load.packets = load.packets.saturating_add(packets);
        load.dropped = load.dropped.saturating_add(packets - accepted);
        load.bytes = load.bytes.saturating_add(packets.saturating_mul(bytes));
    }

    fn frame(&mut self, frame: VideoFrame) {
        let queueing_ns = frame.out_of_queue_ns - frame.captured_ns;
        let video = &mut self.video;
        video.frames += 1;
        video.damaged += u64::from(frame.damaged);
        video.queueing_sum_ns += u128::from(queueing_ns);
        video.queueing_max_ns = video.queueing_max_ns.max(queueing_ns);
        video.last = Some(frame);
    }

    pub fn load(&self) -> LoadCounters {
        self.load
    }

    pub fn video(&self) -> VideoCounters {
        self.video
    }

    pub fn digest(&self, sink: &mut impl FnMut(&[u8])) {
        sink(&self.empty_at_ns.to_le_bytes());
        for source in &self.sources {
            // Congestion still to come is no part of the state.
            if let SourceKind::Steady { .. } = source.kind {
                continue;
            }
            let number = match source.kind {
                SourceKind::OnOff { until_ns, .. } => until_ns,
                SourceKind::Video { number, .. } => number,
                _ => 0,
            };
            for value in [source.next_ns, number] {
                sink(&value.to_le_bytes());
            }
            sink(&source.stream.position().to_le_bytes());
        }
    }
}

impl Source {
    fn new(law: CrossTraffic, mut stream: Stream) -> Self {
        let (next_ns, kind) = match law {
            CrossTraffic::Poisson {
                packets_per_s,
                bytes,
                exponential_sizes,
            } => {
                let mean_gap_ns = 1e9 / packets_per_s.get();
                (
                    (stream.quick_exponential() * mean_gap_ns) as u64,
                    SourceKind::Poisson {
                        mean_gap_ns,
                        mean_bytes: bytes.get(),
                        exponential_sizes,
                    },
                )
            }
            CrossTraffic::OnOff {
                on_ms,
                off_ms,
                rate_mbit_s,
                packet_bytes,
            } => {
                let (on_ns, off_ns) = (on_ms.get() * 1e6, off_ms.get() * 1e6);
                let bytes = packet_bytes.count();
                // The run begins inside a transfer as often as one goes on; what is left of either is exponential.
                let is_on = stream.uniform() < on_ns / (on_ns + off_ns);
                let pause_ns = (stream.quick_exponential() * off_ns) as u64;
                let next_ns = if is_on { 0 } else { pause_ns };
                let stay_ns = (stream.quick_exponential() * on_ns) as u64;
                (
                    next_ns,
                    SourceKind::OnOff {
                        on_ns,
                        off_ns,
                        gap_ns: transmission_ns(bytes, rate_mbit_s.bits_per_s()).max(1),
                        bytes,
                        until_ns: next_ns + stay_ns,
                    },
                )
            }
            CrossTraffic::Video {
                frames_per_s,
                rate_mbit_s,
                key_every,
                key_ratio,
                size_log_sd,
                packet_bytes,
            } => {
                let key_every = u64::from(key_every.max(1));
                let frame_bytes = rate_mbit_s.get() * 1e6 / 8.0 / frames_per_s.get();
                // key_every frames hold one of `ratio` shares and the rest of one share.
                let shares = key_ratio.get() + (key_every - 1) as f64;
                let other_bytes = frame_bytes * key_every as f64 / shares;
                // Where in its interval the first frame falls is as random as the run's beginning.
                let first_ns = stream.below((1e9 / frames_per_s.get()) as u64);
                (
                    first_ns,
                    SourceKind::Video {
                        frames_per_ks: (frames_per_s.get() * 1e3 + 0.5) as u64,
                        number: 0,
                        key_every,
                        key_bytes: other_bytes * key_ratio.get(),
                        other_bytes,
                        log_sd: size_log_sd.get(),
                        packet_bytes: packet_bytes.count(),
                        first_ns,
                    },
                )
            }
        };
        Self {
            next_ns,
            kind,
            stream,
        }
    }
}
