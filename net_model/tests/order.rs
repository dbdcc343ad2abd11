//! The queue of packets under way against a plain sort, whatever comes in.

mod common;

use common::{MS, ms, paths, probability, quiet_link};
use net_model::{
    DelayLaw, Direction, FaultSchedule, LinkModel, Network, PacketFate, PacketFault, Path,
    Reordering, SendFate,
};
use net_model::{DuplicateLaw, MillisecondsRange, Repeats};
use proptest::prelude::*;

proptest! {
    /// Times ascend; at one time, what was scheduled first comes first; nothing is lost and nothing invented.
    #[test]
    fn arrivals_are_those_scheduled_sorted_by_time_and_then_by_sending(
        seed in any::<u64>(),
        mean_ms in prop::array::uniform2(0.0..40.0_f64),
        fifo in prop::array::uniform2(any::<bool>()),
        chances in prop::array::uniform2(0.0..=0.5_f64),
        delayed in prop::collection::vec((0..150_u64, 0.0..60.0_f64), 0..6),
        gaps_ns in prop::collection::vec(0..4 * MS, 1..150),
        takes_out in any::<bool>(),
    ) {
        let [held, repeated] = chances.map(probability);
        let link = |mean: f64, fifo: bool| LinkModel {
            // Whole milliseconds at times, so that arrivals meet.
            jitter: if mean < 5.0 { DelayLaw::None } else { DelayLaw::ShiftedExponential { mean_ms: ms(mean) } },
            reordering: Reordering {
                probability: held,
                by_ms: MillisecondsRange::new(1.0, 30.0).expect("in order"),
            },
            duplicates: DuplicateLaw {
                probability: repeated,
                extra_delay_mean_ms: ms(mean),
                repeats_max: Repeats::new(3).expect("in range"),
            },
            fifo,
            ..quiet_link()
        };
        let models = paths(link(mean_ms[0], fifo[0]), link(mean_ms[1], fifo[1]));
        let faults = FaultSchedule {
            packets: delayed
                .iter()
                .map(|&(number, delay)| PacketFault {
                    path: Path::A,
                    direction: Direction::Up,
                    number,
                    fate: PacketFate::Delay { ms: ms(delay) },
                })
                .collect(),
            ..FaultSchedule::default()
        };
        let mut network: Network<u64> = Network::new(&models, faults, seed).expect("valid");
        let (mut now_ns, mut copies, mut firsts) = (0, 0, Vec::new());
        let mut seen = Vec::new();
        for (send, gap_ns) in (0..).zip(&gaps_ns) {
            now_ns += gap_ns;
            for path in [0, 1] {
                if let SendFate::Scheduled { first_arrival_ns, copies: of_this } =
                    network.send(now_ns, path, Direction::Up, send * 2 + path as u64)
                {
                    copies += of_this as usize;
                    firsts.push((first_arrival_ns, send * 2 + path as u64));
                }
            }
            while takes_out && let Some(arrival) = network.pop_due(now_ns, Direction::Up) {
                seen.push(arrival);
            }
        }
        while let Some(arrival) = network.pop_due(u64::MAX, Direction::Up) {
            seen.push(arrival);
        }
        prop_assert_eq!(seen.len(), copies);
        prop_assert!(seen.is_sorted_by_key(|one| one.at_ns));
        // Originals in the order of (time, sending): copies of earlier packets stand between.
        let originals: Vec<(u64, u64)> =
            seen.iter().filter(|one| one.copy == 0).map(|one| (one.at_ns, one.payload)).collect();
        firsts.sort_unstable();
        prop_assert_eq!(originals, firsts);
        for pair in seen.windows(2) {
            let sent_first = (pair[0].payload, pair[0].copy) < (pair[1].payload, pair[1].copy);
            prop_assert!(pair[0].at_ns < pair[1].at_ns || sent_first);
        }
    }
}
