//! No value that a file may hold makes the network panic, however odd: least and greatest of everything, together.

mod common;

use common::{MS, paths};
use net_model::{Direction, FaultGenerator, FaultSchedule, LinkModel, Network};
use proptest::prelude::*;

fn read<T: serde::de::DeserializeOwned>(text: &str) -> T {
    ron::Options::default()
        .with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME)
        .from_str(text)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// One of a few.
fn any_of(texts: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(texts)
}

fn link() -> impl Strategy<Value = String> {
    let base = any_of(&["0", "0.000001", "100", "3600000"]);
    let jitter = any_of(&[
        "None",
        "ShiftedExponential(mean_ms: 3600000)",
        "ShiftedGamma(shape: 0.01, scale_ms: 3600000)",
        "ShiftedGamma(shape: 1000, scale_ms: 0)",
        "Lognormal(median_ms: 3600000, log_sd: 5)",
        "Lognormal(median_ms: 0, log_sd: 0)",
        "ParetoTail(scale_ms: 3600000, alpha: 0.1)",
        "Regimes(regimes: [(mean_stay_ms: 0.001, weight: 0.000001), (mean_stay_ms: 86400000, extra_ms: 3600000, weight: 1000000)])",
        "Regimes(regimes: [(mean_stay_ms: 0.001), (mean_stay_ms: 0.001, jitter: ParetoTail(scale_ms: 1, alpha: 0.1))])",
    ]);
    let loss = any_of(&[
        "None",
        "Independent(probability: 1)",
        "GilbertElliott(good_to_bad: 0, bad_to_good: 0, loss_good: 1, loss_bad: 1)",
        "GilbertElliott(good_to_bad: 1, bad_to_good: 1, loss_good: 0, loss_bad: 1)",
        "GilbertElliott(good_to_bad: 1e-300, bad_to_good: 0.9999999999999999, loss_good: 1e-18, loss_bad: 0.5)",
        "LomaxSojourns(good: (alpha: 1.01, scale_ms: 86400000), bad: (alpha: 1000, scale_ms: 0.001), loss_good: 0, loss_bad: 1)",
        "LomaxBursts(good_to_bad: 0, bad_to_good: 0, good: (alpha: 1.01, scale_packets: 1000000), bad: (alpha: 1.01, scale_packets: 1))",
        "LomaxBursts(good_to_bad: 1, bad_to_good: 1, good: (alpha: 1000, scale_packets: 0.000001), bad: (alpha: 1.01, scale_packets: 0.000001))",
    ]);
    let policer = any_of(&[
        "",
        "policer: (rate_mbit_s: 0.001, burst_bytes: 1),",
        "policer: (rate_mbit_s: 0.001, burst_bytes: 1000000000),",
        "policer: (rate_mbit_s: 1000000, burst_bytes: 1),",
    ]);
    let bottleneck = any_of(&[
        "",
        "bottleneck: (rate_mbit_s: 0.001, limit_bytes: 1000000000, cross: [Poisson(packets_per_s: 100000, bytes: 1000000000)]),",
        "bottleneck: (rate_mbit_s: 1000000, limit_bytes: 1, cross: [Poisson(packets_per_s: 0.001, bytes: 1, exponential_sizes: true)]),",
        "bottleneck: (rate_mbit_s: 1000000, limit_bytes: 1000000000, cross: [OnOff(on_ms: 0.001, off_ms: 0.001, rate_mbit_s: 1000, packet_bytes: 1)]),",
        "bottleneck: (rate_mbit_s: 0.001, limit_bytes: 1000000000, cross: [OnOff(on_ms: 86400000, off_ms: 86400000, rate_mbit_s: 0.001, packet_bytes: 1000000000)]),",
        "bottleneck: (rate_mbit_s: 0.001, limit_bytes: 1000000000, cross: [Video(frames_per_s: 100000, rate_mbit_s: 1000000, key_every: 0, key_ratio: 1000, size_log_sd: 5, packet_bytes: 1)]),",
        "bottleneck: (rate_mbit_s: 1, limit_bytes: 1, cross: [Video(frames_per_s: 0.001, rate_mbit_s: 1000000, key_every: 4294967295, key_ratio: 1, size_log_sd: 5, packet_bytes: 1000000000)]),",
    ]);
    let rest = any_of(&[
        "",
        "fifo: false, queueing_loss: (from_ms: 0, full_ms: 0, probability: 1),",
        "queueing_loss: (from_ms: 3600000, full_ms: 3600000, probability: 1), reordering: (probability: 1, by_ms: (0, 3600000)),",
        "duplicates: (probability: 1, extra_delay_mean_ms: 3600000, repeats_max: 16), late_repeats: (probability: 1, delay_min_ms: 0, delay_max_ms: 3600000),",
    ]);
    (base, jitter, loss, policer, bottleneck, rest).prop_map(
        |(base, jitter, loss, policer, bottleneck, rest)| {
            format!("(base_one_way: {base}, jitter: {jitter}, loss: {loss}, {policer} {bottleneck} {rest})")
        },
    )
}

fn fault() -> impl Strategy<Value = String> {
    let kind = any_of(&[
        "Outage",
        "Clog",
        "AddDelay(ms: 3600000, ramp_ms: 3600000)",
        "AddDelay(ms: 3600000)",
        "AddJitter(mean_ms: 3600000)",
        "Loss(probability: 1)",
        "Duplicate(probability: 1, delay_ms: 3600000)",
        "ShorterRoute(ms: 3600000)",
        "Drift(ms: 3600000)",
        "Flap(down_ms: 0.001, up_ms: 86400000)",
        "Flap(down_ms: 86400000, up_ms: 0.001)",
        "Switch(gap_ms: 3600000, delay_ms: 3600000, jitter_mean_ms: 3600000)",
        "Switch(gap_ms: 0, delay_ms: 0)",
        "Handovers(period_ms: 0.001, spike_ms: 3600000, start_ms: 3600000, end_ms: 3600000, probability: 1)",
        "Handovers(period_ms: 86400000, spike_ms: 0, start_ms: 3600000, end_ms: 3600000, probability: 0.5)",
        "Congestion(rate_mbit_s: 0.001)",
        "Congestion(rate_mbit_s: 10000)",
    ]);
    let at = any_of(&["0", "0.000001", "10", "86400000"]);
    let length = any_of(&["0", "0.000001", "10", "86400000"]);
    (at, length, kind).prop_map(|(at, length, kind)| {
        format!("(at_ms: {at}, for_ms: {length}, paths: Both, kind: {kind})")
    })
}

proptest! {
    #[test]
    fn no_value_in_its_range_makes_a_network_panic(
        seed in any::<u64>(),
        links in prop::array::uniform2(link()),
        faults in prop::collection::vec(fault(), 0..5),
        otherwise in any_of(&["Laws", "Laws", "Lose", "Deliver(ms: 3600000)"]),
        start_ns in prop::sample::select(vec![0, 86_400_000_000_000_u64]),
    ) {
        let [a, b] = links.map(|text| read::<LinkModel>(&text));
        let faults: FaultSchedule =
            read(&format!("(faults: [{}], otherwise: {otherwise})", faults.join(", ")));
        let mut network: Network<[u8; 4]> =
            Network::new(&paths(a, b), faults, seed).expect("nothing is to be read");
        // A day's cross traffic is made at once if the first packet comes that late: only where there is none.
        let start_ns = if network.load(0, Direction::Up).or(network.load(1, Direction::Up)).is_some() { 0 } else { start_ns };
        let (mut copies, mut lost) = (0, 0);
        for send in 0..20 {
            let now_ns = start_ns + send * MS;
            for path in [0, 1] {
                match network.send_sized(now_ns, path, Direction::Up, [0; 4], [0, 1, 1500, u64::MAX >> 32][send as usize % 4]) {
                    net_model::SendFate::Lost(_) => lost += 1,
                    net_model::SendFate::Scheduled { copies: of_this, first_arrival_ns } => {
                        prop_assert!(first_arrival_ns >= now_ns);
                        copies += u64::from(of_this);
                    }
                }
            }
        }
        network.advance(start_ns + 21 * MS);
        network.digest(&mut |_| {});
        prop_assert_eq!(network.in_flight(Direction::Up) as u64, copies);
        let mut last_ns = 0;
        while let Some(arrival) = network.pop_due(u64::MAX, Direction::Up) {
            prop_assert!(arrival.at_ns >= last_ns);
            last_ns = arrival.at_ns;
            copies -= 1;
        }
        prop_assert_eq!(copies, 0);
        let counted: u64 = [0, 1].map(|path| network.counters(path, Direction::Up).lost).iter().sum();
        prop_assert_eq!(counted, lost);
    }

    #[test]
    fn no_generator_panics_or_writes_what_cannot_be_read(
        seed in any::<u64>(), horizon_ns in prop::sample::select(vec![0, 1, 1_000_000_000, u64::MAX >> 12]),
        kind in any_of(&[
            "shared_risks: [(name: \"\", per_minute: 0.1, for_ms: (0, 3600000), correlation: 1, lag_ms: (0, 3600000), effect: Clog)]",
            "outage_cycles: [(paths: Both, outage_ms: (0, 3600000), connected_ms: (100000, 3600000))]",
            "flaps: (per_minute: 0.1, for_ms: (0, 3600000), down_ms: (0, 0), up_ms: (0, 0))",
            "congestions: (per_minute: 0.1, for_ms: (0, 3600000), rate_mbit_s: (0.001, 1000000))",
            "planned: [(at_ms: 86400000, for_ms: 86400000, paths: A, kind: Outage)]",
        ]),
    ) {
        let generator: FaultGenerator = read(&format!("({kind})"));
        let schedule = generator.generate(seed, horizon_ns);
        let written = ron::to_string(&schedule).expect("it can be written");
        prop_assert_eq!(read::<FaultSchedule>(&written), schedule);
    }
}
