//! What travels: golden bytes, exact resolution, and everything that is no frame of ours.

mod common;

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use common::KEYS;
use control_loop::frame::{
    Command, HEADER_BYTES, HELLO_BYTES, HandCommand, Hello, Kind, Refusal, Status, TAG_BYTES,
    WELCOME_BYTES, Welcome, header_of, open_command, open_hello, open_status, open_welcome,
    robot_nonce, seal_command, seal_hello, seal_status, seal_welcome,
};
use control_loop::{
    COMMAND_BYTES, DATAGRAM_MAX, Fault, FaultKind, PathHealth, PresharedKey, STATUS_BYTES,
    SessionKeys, State, VERDICTS,
};
use nalgebra::{Quaternion, Translation3, UnitQuaternion};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use robot_model::{MAX_ARMS, Pose};

/// The same bytes stand in FRAME.md.
const GOLDEN_COMMAND: &str = "\
    54530201040302018877665544332211fd96cf0d5d15e1825e785930eff3e4dc
    aafd182afcae89097cb6ae86a93a686d6dc5a81e1d42ca366c6d357d2806575e
    3490ad6b7da14b5c1c660be948de4c26b2b80f2e0a5d3da96a061d7d1d789df2
    67841e378c3bbb8e0652a581eae23941b2e2d7131281515a58bb87ced63abed2
    d8e63628
";
const GOLDEN_STATUS: &str = "\
    54530202040302012a00000000000000a93c15f48cc74215e1cabb2e9819c975
    22f4cc13a8f2904a1a60adbb4fe7c285ed4ef35d87415e66ce93c9443c408b53
    be04f6d809c000b15dba4bac152305fdead1057019bc73b7d7523a72fe2b82b3
    da7dbf32d3cbdc4e02a7a968b31d8b7f01171812983f35e7efd2d234965de37b
    293819149083fc2c6fcd99efa424d7cfc886bef8403429fc82910003
";

const GOLDEN_HELLO: &str = "\
    54530203000000000807060504030201de42fd53ab8aa876f5b7325ff900b678
    f3850155dba76611eb17baddba35f0c3
";
const GOLDEN_WELCOME: &str = "\
    54530204040302010200000000000000303132333435363738393a3b3c3d3e3f
    5de0cf810e7bb08f8b020174d3b02a517c16893ca77089e5be7c21d92ed730ff
";
const GOLDEN_COMMAND_KEY: &str = "6afb8cb62567d2a41649ba1d5521f490ba589b1c52ea91ebdbfd6c0ba214c355";
const GOLDEN_STATUS_KEY: &str = "89ef5cdf05ea75ce9b26c01503fadefcb5986ad317553ce672ea3e881e4471f3";

fn golden_keys() -> SessionKeys {
    SessionKeys {
        command: std::array::from_fn(|place| place as u8),
        status: std::array::from_fn(|place| 0x80 + place as u8),
    }
}

/// Every part of every quaternion is a multiple of 2^-30, so that the bytes follow from the text.
fn golden_command() -> Command {
    let turn = UnitQuaternion::new_unchecked(Quaternion::new(0.5, 0.5, -0.5, 0.5));
    let hand = |number: u8| {
        let scale = f64::from(number);
        Some(HandCommand {
            arm: number,
            grip: 100 + u32::from(number),
            motion: Pose::from_parts(Translation3::new(0.001 * scale, -0.002, 1e-9), turn),
            jaw_rad: 0.25 * scale,
        })
    };
    Command {
        epoch: 0x0102_0304,
        sequence: 0x1122_3344_5566_7788,
        echo_ns: 1_234_567_890,
        engagement: 7,
        clutch: 3,
        engaged: true,
        stop: false,
        hands: [hand(1), hand(3)],
    }
}

fn golden_status() -> Status {
    Status {
        epoch: 0x0102_0304,
        sequence: 42,
        robot_time_ns: 1_234_567_890,
        engagement: 7,
        state: State::Following,
        newest_sequence: 0x1122_3344_5566_7788,
        clutch: 3,
        paths: [PathHealth::Losing, PathHealth::Silent],
        fault: Some(Fault {
            kind: FaultKind::SensorFrozen,
            arm: Some(2),
        }),
        verdicts: [
            [100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
            [12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ],
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Seals any payload by the book, FRAME.md, and not by the crate.
fn seal_by_the_book(kind: u8, header_tail: &[u8; 12], payload: &[u8], key: &[u8; 32]) -> Vec<u8> {
    let mut header = vec![b'T', b'S', 2, kind];
    header.extend_from_slice(header_tail);
    let mut sealed = payload.to_vec();
    let tag = ChaCha20Poly1305::new(&(*key).into())
        .encrypt_inout_detached(
            &(*header_tail).into(),
            &header,
            sealed.as_mut_slice().into(),
        )
        .expect("a frame is short enough to seal");
    [header, sealed, tag.to_vec()].concat()
}

/// The payload of a frame, opened by the book.
fn payload_of(frame: &[u8], key: &[u8; 32]) -> Vec<u8> {
    let (header, rest) = frame.split_at(HEADER_BYTES);
    let (payload, tag) = rest.split_at(rest.len() - TAG_BYTES);
    let nonce: [u8; 12] = header[4..16].try_into().expect("epoch and sequence");
    let tag: [u8; 16] = tag.try_into().expect("sixteen bytes");
    let mut payload = payload.to_vec();
    ChaCha20Poly1305::new(&(*key).into())
        .decrypt_inout_detached(
            &nonce.into(),
            header,
            payload.as_mut_slice().into(),
            &tag.into(),
        )
        .expect("sealed with this key");
    payload
}

fn resealed(frame: &[u8], kind: u8, payload: &[u8], key: &[u8; 32]) -> Vec<u8> {
    let tail: [u8; 12] = frame[4..16].try_into().expect("epoch and sequence");
    seal_by_the_book(kind, &tail, payload, key)
}

fn command_with_turn(turn: Quaternion<f64>) -> Command {
    let mut command = golden_command();
    if let Some(hand) = &mut command.hands[1] {
        hand.motion.rotation = UnitQuaternion::new_unchecked(turn);
    }
    command
}

#[test]
fn a_sealed_command_is_the_golden_bytes() {
    let frame = seal_command(&golden_command(), &golden_keys().command);
    assert_eq!(hex(&frame), joined(GOLDEN_COMMAND));
    assert_eq!(
        open_command(&frame, &golden_keys().command),
        Ok(golden_command())
    );
}

#[test]
fn a_sealed_status_is_the_golden_bytes() {
    let frame = seal_status(&golden_status(), &golden_keys().status);
    assert_eq!(hex(&frame), joined(GOLDEN_STATUS));
    assert_eq!(
        open_status(&frame, &golden_keys().status),
        Ok(golden_status())
    );
}

#[test]
fn the_golden_bytes_and_sizes_stand_in_the_layout_document() {
    let document = joined(include_str!("../FRAME.md"));
    assert!(document.contains(&joined(GOLDEN_COMMAND)));
    assert!(document.contains(&joined(GOLDEN_STATUS)));
    assert_eq!((COMMAND_BYTES, STATUS_BYTES), (132, 156));
    assert_eq!((HELLO_BYTES, WELCOME_BYTES), (48, 64));
    assert!(document.contains(&joined(GOLDEN_HELLO)));
    assert!(document.contains(&joined(GOLDEN_WELCOME)));
    for keys in [GOLDEN_COMMAND_KEY, GOLDEN_STATUS_KEY] {
        assert!(document.contains(&joined(keys)));
    }
}

#[test]
fn a_command_sealed_by_the_book_field_by_field_is_the_crates_command() {
    let mut payload = Vec::new();
    payload.extend(1_234_567_890_u64.to_le_bytes());
    payload.extend(7_u32.to_le_bytes());
    payload.extend(3_u32.to_le_bytes());
    payload.extend([1, 0, 0, 0]);
    for number in [1, 3] {
        let half = 1 << 29;
        payload.extend([number as u8, 0, 0, 0]);
        payload.extend((100 + number as u32).to_le_bytes());
        let fields = [1_000_000 * number, -2_000_000, 1, half, -half, half, half];
        payload.extend(fields.iter().flat_map(|field: &i32| field.to_le_bytes()));
        payload.extend((250_000 * number).to_le_bytes());
    }
    let tail = [4, 3, 2, 1, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11];
    let frame = seal_by_the_book(1, &tail, &payload, &golden_keys().command);
    assert_eq!(hex(&frame), joined(GOLDEN_COMMAND));
}

#[test]
fn a_status_sealed_by_the_book_field_by_field_is_the_crates_status() {
    let mut payload = Vec::new();
    payload.extend(1_234_567_890_u64.to_le_bytes());
    payload.extend(0x1122_3344_5566_7788_u64.to_le_bytes());
    payload.extend(7_u32.to_le_bytes());
    payload.extend(3_u32.to_le_bytes());
    payload.extend([2, 1, 2, 4 | (3 << 4)]);
    let counters = std::iter::once(100_u32).chain(1..=23);
    payload.extend(counters.flat_map(u32::to_le_bytes));
    let tail = [4, 3, 2, 1, 42, 0, 0, 0, 0, 0, 0, 0];
    let frame = seal_by_the_book(2, &tail, &payload, &golden_keys().status);
    assert_eq!(hex(&frame), joined(GOLDEN_STATUS));
}

#[test]
fn only_the_header_travels_in_clear() {
    let frame = seal_command(&golden_command(), &golden_keys().command);
    let payload = payload_of(&frame, &golden_keys().command);
    let same = frame[HEADER_BYTES..]
        .iter()
        .zip(&payload)
        .filter(|(sealed, open)| sealed == open)
        .count();
    assert!(same < 10, "{same} of {} bytes are open", payload.len());
}

#[test]
fn commands_with_another_number_share_no_key_stream() {
    let first = golden_command();
    let second = Command {
        sequence: first.sequence + 1,
        ..first
    };
    let [first, second] =
        [first, second].map(|command| seal_command(&command, &golden_keys().command));
    let equal = first[HEADER_BYTES..]
        .iter()
        .zip(&second[HEADER_BYTES..])
        .filter(|(a, b)| a == b)
        .count();
    assert!(equal < 12, "{equal} bytes are equal");
}

fn command() -> impl Strategy<Value = Command> {
    let motion = (
        prop::array::uniform3(-2.1..2.1),
        prop::array::uniform3(-3.2..3.2),
    )
        .prop_map(|([x, y, z], [roll, pitch, yaw]): (_, [f64; 3])| {
            let turn = UnitQuaternion::from_euler_angles(roll, pitch, yaw);
            Pose::from_parts(Translation3::new(x, y, z), turn)
        });
    let hand = (0..MAX_ARMS as u8, any::<u32>(), motion, -3.2..3.2).prop_map(
        |(arm, grip, motion, jaw_rad)| HandCommand {
            arm,
            grip,
            motion,
            jaw_rad,
        },
    );
    let hand = prop::option::weighted(0.8, hand);
    let numbers = (
        any::<u32>(),
        any::<u64>(),
        any::<u64>(),
        any::<u32>(),
        any::<u32>(),
    );
    let flags = (any::<bool>(), any::<bool>());
    (numbers, flags, prop::array::uniform2(hand)).prop_map(
        |((epoch, sequence, echo_ns, engagement, clutch), (engaged, stop), hands)| Command {
            epoch,
            sequence,
            echo_ns,
            engagement,
            clutch,
            engaged,
            stop,
            hands,
        },
    )
}

fn status() -> impl Strategy<Value = Status> {
    let numbers = (
        any::<u32>(),
        any::<u64>(),
        any::<u64>(),
        any::<u32>(),
        any::<u64>(),
    );
    let counters = prop::collection::vec(any::<u32>(), 2 * VERDICTS);
    let places = (0..State::ALL.len(), 0..3_usize, 0..3_usize);
    let fault = prop::option::of((0..FaultKind::ALL.len(), prop::option::of(0..MAX_ARMS as u8)));
    (numbers, any::<u32>(), places, fault, counters).prop_map(
        |(numbers, clutch, (state, a, b), fault, counters)| {
            let mut verdicts = [[0; VERDICTS]; 2];
            for (count, drawn) in verdicts.iter_mut().flatten().zip(counters) {
                *count = drawn;
            }
            Status {
                epoch: numbers.0,
                sequence: numbers.1,
                robot_time_ns: numbers.2,
                engagement: numbers.3,
                state: State::ALL[state],
                newest_sequence: numbers.4,
                clutch,
                paths: [PathHealth::ALL[a], PathHealth::ALL[b]],
                fault: fault.map(|(kind, arm)| Fault {
                    kind: FaultKind::ALL[kind],
                    arm,
                }),
                verdicts,
            }
        },
    )
}

fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::with_cases(256)
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_command_comes_back_to_the_nanometre_and_the_microradian(meant in command()) {
        let read = open_command(&seal_command(&meant, &KEYS.command), &KEYS.command).expect("our own frame");
        let plain = |command: &Command| Command { hands: golden_command().hands, ..*command };
        prop_assert_eq!(plain(&read), plain(&meant));
        let held = |command: &Command| command.hands.map(|hand| hand.map(|hand| (hand.arm, hand.grip)));
        prop_assert_eq!(held(&read), held(&meant));
        for (read, meant) in read.hands.iter().flatten().zip(meant.hands.iter().flatten()) {
            let shift = read.motion.translation.vector - meant.motion.translation.vector;
            prop_assert!(shift.amax() <= 0.5001e-9);
            // Half a unit of rounding a part, and once more for the unit length.
            let turn = read.motion.rotation.coords - meant.motion.rotation.coords;
            prop_assert!(turn.amax() <= 2.0 / 1_073_741_824.0, "{}", turn.amax());
            prop_assert!((read.motion.rotation.norm() - 1.0).abs() < 1e-15);
            prop_assert!((read.jaw_rad - meant.jaw_rad).abs() <= 0.5001e-6);
        }
    }

    #[test]
    fn a_status_comes_back_exactly(meant in status()) {
        prop_assert_eq!(open_status(&seal_status(&meant, &KEYS.status), &KEYS.status), Ok(meant));
    }

    #[test]
    fn bytes_of_anyone_else_are_no_frame(bytes in prop::collection::vec(any::<u8>(), 0..=DATAGRAM_MAX)) {
        prop_assert!(open_command(&bytes, &KEYS.command).is_err());
        prop_assert!(open_status(&bytes, &KEYS.status).is_err());
    }
}

#[test]
fn a_frame_with_any_one_bit_flipped_is_refused() {
    let command = seal_command(&golden_command(), &golden_keys().command);
    let status = seal_status(&golden_status(), &golden_keys().status);
    let flipped = |frame: &[u8], bit: usize| {
        let mut frame = frame.to_vec();
        frame[bit / 8] ^= 1 << (bit % 8);
        frame
    };
    // Magic, version and kind are no secret; from the epoch on every bit is under the tag.
    let refusal = |bit| {
        if bit < 4 * 8 {
            Refusal::Malformed
        } else {
            Refusal::Forged
        }
    };
    for bit in 0..command.len() * 8 {
        let refused = open_command(&flipped(&command, bit), &golden_keys().command);
        assert_eq!(refused, Err(refusal(bit)), "bit {bit}");
    }
    for bit in 0..status.len() * 8 {
        let refused = open_status(&flipped(&status, bit), &golden_keys().status);
        assert_eq!(refused, Err(refusal(bit)), "bit {bit}");
    }
}

#[test]
fn a_frame_of_any_other_length_is_malformed() {
    let mut command = seal_command(&golden_command(), &golden_keys().command).to_vec();
    let mut status = seal_status(&golden_status(), &golden_keys().status).to_vec();
    command.resize(DATAGRAM_MAX, 0);
    status.resize(DATAGRAM_MAX, 0);
    for length in 0..=DATAGRAM_MAX {
        let opened = open_command(&command[..length], &golden_keys().command);
        if length == COMMAND_BYTES {
            assert_eq!(opened, Ok(golden_command()));
        } else {
            assert_eq!(opened, Err(Refusal::Malformed), "{length} bytes");
        }
        let opened = open_status(&status[..length], &golden_keys().status);
        if length == STATUS_BYTES {
            assert_eq!(opened, Ok(golden_status()));
        } else {
            assert_eq!(opened, Err(Refusal::Malformed), "{length} bytes");
        }
    }
}

#[test]
fn a_status_reflected_as_a_command_is_refused_however_it_is_dressed_up() {
    let keys = golden_keys();
    let status = seal_status(&golden_status(), &keys.status);
    assert_eq!(
        open_command(&status, &keys.command),
        Err(Refusal::Malformed)
    );

    let mut longer = status.to_vec();
    longer.resize(COMMAND_BYTES, 0);
    assert_eq!(
        open_command(&longer, &keys.command),
        Err(Refusal::Malformed)
    );

    longer[3] = 1;
    assert_eq!(open_command(&longer, &keys.command), Err(Refusal::Forged));

    // Even a perfect command is none under the status key, or under the status kind.
    let frame = seal_command(&golden_command(), &keys.command);
    let payload = payload_of(&frame, &keys.command);
    let under_status_key = resealed(&frame, 1, &payload, &keys.status);
    assert_eq!(
        open_command(&under_status_key, &keys.command),
        Err(Refusal::Forged)
    );
    let of_status_kind = resealed(&frame, 2, &payload, &keys.command);
    assert_eq!(
        open_command(&of_status_kind, &keys.command),
        Err(Refusal::Malformed)
    );
}

#[test]
fn a_command_reflected_as_a_status_is_refused() {
    let keys = golden_keys();
    let command = seal_command(&golden_command(), &keys.command);
    assert_eq!(open_status(&command, &keys.status), Err(Refusal::Malformed));
    let frame = seal_status(&golden_status(), &keys.status);
    let payload = payload_of(&frame, &keys.status);
    let under_command_key = resealed(&frame, 2, &payload, &keys.command);
    assert_eq!(
        open_status(&under_command_key, &keys.status),
        Err(Refusal::Forged)
    );
    let of_command_kind = resealed(&frame, 1, &payload, &keys.status);
    assert_eq!(
        open_status(&of_command_kind, &keys.status),
        Err(Refusal::Malformed)
    );
}

#[test]
fn a_frame_sealed_with_another_key_is_forged() {
    let mut keys = golden_keys();
    keys.command[31] ^= 1;
    keys.status[0] ^= 0x80;
    let command = seal_command(&golden_command(), &keys.command);
    let status = seal_status(&golden_status(), &keys.status);
    assert_eq!(
        open_command(&command, &golden_keys().command),
        Err(Refusal::Forged)
    );
    assert_eq!(
        open_status(&status, &golden_keys().status),
        Err(Refusal::Forged)
    );
}

#[test]
fn a_frame_of_another_version_is_malformed() {
    let mut frame = seal_command(&golden_command(), &golden_keys().command);
    frame[2] = 1;
    assert_eq!(
        open_command(&frame, &golden_keys().command),
        Err(Refusal::Malformed)
    );
}

#[test]
fn a_frame_of_zeros_is_refused() {
    assert_eq!(
        open_command(&[0; COMMAND_BYTES], &KEYS.command),
        Err(Refusal::Malformed)
    );
    assert_eq!(
        open_status(&[0; STATUS_BYTES], &KEYS.status),
        Err(Refusal::Malformed)
    );
}

#[test]
fn lengths_and_angles_that_are_no_numbers_or_too_great_are_sealed_as_finite_ones() {
    let greatest_m = f64::from(i32::MAX) * 1e-9;
    let least_m = f64::from(i32::MIN) * 1e-9;
    let cases = [
        (f64::NAN, 0.0),
        (f64::INFINITY, greatest_m),
        (f64::NEG_INFINITY, least_m),
        (1e300, greatest_m),
        (-3.0, least_m),
        (-0.0, 0.0),
    ];
    for (meant, read_m) in cases {
        let mut command = golden_command();
        let hand = command.hands[1].as_mut().expect("a hand");
        hand.motion.translation.vector.y = meant;
        hand.jaw_rad = meant;
        let read = open_command(&seal_command(&command, &KEYS.command), &KEYS.command)
            .expect("sealed by us");
        let hand = read.hands[1].expect("a hand");
        let y_m = hand.motion.translation.vector.y;
        assert!((y_m - read_m).abs() < 1e-12, "{meant} became {y_m}");
        assert!(hand.jaw_rad.is_finite(), "{meant} as a jaw angle");
    }
}

#[test]
fn a_hand_whose_turn_is_no_turn_holds_nothing_and_the_other_hand_is_as_it_was() {
    let read = |turn| {
        let frame = seal_command(&command_with_turn(turn), &KEYS.command);
        open_command(&frame, &KEYS.command).expect("the frame is good")
    };
    for part in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let read = read(Quaternion::new(part, 0.0, 0.0, 0.0));
        assert_eq!(read.hands, [golden_command().hands[0], None], "{part}");
    }
    let of_length = |length: f64| read(Quaternion::new(0.6 * length, 0.0, 0.8 * length, 0.0));
    for length in [0.0, 0.5, 1.0 - 1.01e-6, 1.0 + 1.01e-6, 2.0] {
        assert_eq!(of_length(length).hands[1], None, "length {length}");
    }
    for length in [1.0 - 0.99e-6, 1.0, 1.0 + 0.99e-6] {
        let hand = of_length(length).hands[1].expect("near enough to unit length");
        let norm = hand.motion.rotation.norm();
        assert!((norm - 1.0).abs() < 1e-15, "it is made a unit again");
    }
}

#[test]
fn a_hand_on_an_arm_that_cannot_be_holds_nothing() {
    for arm in [4, 5, 200, 255] {
        let mut command = golden_command();
        if let Some(hand) = &mut command.hands[0] {
            hand.arm = arm;
        }
        let frame = seal_command(&command, &KEYS.command);
        let read = open_command(&frame, &KEYS.command).expect("the frame is good");
        assert_eq!(read.hands, [None, golden_command().hands[1]], "arm {arm}");
    }
}

#[test]
fn authentic_bytes_with_an_impossible_flag_or_state_are_malformed() {
    let keys = golden_keys();
    let command = seal_command(&golden_command(), &keys.command);
    for place in [16, 17] {
        let mut payload = payload_of(&command, &keys.command);
        payload[place] = 2;
        let frame = resealed(&command, 1, &payload, &keys.command);
        assert_eq!(
            open_command(&frame, &keys.command),
            Err(Refusal::Malformed),
            "byte {place}"
        );
    }
    let status = seal_status(&golden_status(), &keys.status);
    for (place, value) in [(24, 7), (25, 3), (26, 3), (27, 6), (27, 0x10), (27, 0x51)] {
        let mut payload = payload_of(&status, &keys.status);
        payload[place] = value;
        let frame = resealed(&status, 2, &payload, &keys.status);
        assert_eq!(
            open_status(&frame, &keys.status),
            Err(Refusal::Malformed),
            "byte {place}"
        );
    }
}

#[test]
fn reserved_bytes_are_zero_when_sent_and_ignored_when_read() {
    let keys = golden_keys();
    let command = seal_command(&golden_command(), &keys.command);
    let mut payload = payload_of(&command, &keys.command);
    assert_eq!(payload[18..20], [0, 0]);
    payload[18..20].fill(0xff);
    for hand in [20, 60] {
        assert_eq!(payload[hand + 1..hand + 4], [0; 3]);
        payload[hand + 1..hand + 4].fill(0xff);
    }
    let frame = resealed(&command, 1, &payload, &keys.command);
    assert_eq!(open_command(&frame, &keys.command), Ok(golden_command()));
}

#[test]
fn every_state_has_the_number_that_the_layout_gives_it() {
    for (number, state) in State::ALL.iter().enumerate() {
        let status = Status {
            state: *state,
            ..golden_status()
        };
        let payload = payload_of(&seal_status(&status, &KEYS.status), &KEYS.status);
        assert_eq!(usize::from(payload[24]), number, "{}", state.name());
    }
    assert_eq!(MAX_ARMS, 4, "the layout has room for four arms");
}

// ------------------------------------------------------------------------------------- handshake

fn golden_hello() -> Hello {
    Hello {
        stamp: 0x0102_0304_0506_0708,
        console_nonce: std::array::from_fn(|place| 0x20 + place as u8),
    }
}

fn golden_welcome() -> Welcome {
    Welcome {
        epoch: 0x0102_0304,
        answer: 2,
        robot_nonce: std::array::from_fn(|place| 0x30 + place as u8),
        robot_time_ns: 1_234_567_890,
        engagement: 7,
    }
}

fn golden_psk() -> PresharedKey {
    PresharedKey(std::array::from_fn(|place| 0x40 + place as u8))
}

/// HKDF-SHA256 by the book (RFC 5869), from HMAC (RFC 2104), from SHA-256.
fn hkdf_by_the_book(salt: &[u8], key: &[u8], info: &[u8]) -> [u8; 32] {
    let prk = hmac_by_the_book(salt, key);
    hmac_by_the_book(&prk, &[info, &[1]].concat())
}

fn hmac_by_the_book(key: &[u8], text: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = Sha256::digest([&block.map(|byte| byte ^ 0x36), text].concat());
    Sha256::digest([&block.map(|byte| byte ^ 0x5c)[..], &inner].concat()).into()
}

fn key_by_the_book(salt: &[u8], purpose: &str, epoch: u32) -> [u8; 32] {
    let info = [
        b"telesurgery frames 2 ",
        purpose.as_bytes(),
        b" ",
        &epoch.to_le_bytes(),
    ]
    .concat();
    hkdf_by_the_book(salt, &golden_psk().0, &info)
}

#[test]
fn hkdf_by_the_book_is_that_of_rfc_5869() {
    // Test case 1, its first 32 bytes.
    let salt: Vec<u8> = (0..=0x0c).collect();
    let info: Vec<u8> = (0xf0..=0xf9).collect();
    assert_eq!(
        hex(&hkdf_by_the_book(&salt, &[0x0b; 22], &info)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    );
}

#[test]
fn the_keys_of_a_session_follow_from_the_pre_shared_key_both_nonces_and_the_epoch() {
    let (hello, welcome) = (golden_hello(), golden_welcome());
    let derive = |console, robot, epoch| SessionKeys::derive(&golden_psk(), console, robot, epoch);
    let keys = derive(&hello.console_nonce, &welcome.robot_nonce, welcome.epoch);
    let salt = [hello.console_nonce, welcome.robot_nonce].concat();
    assert_eq!(
        keys.command,
        key_by_the_book(&salt, "command", welcome.epoch)
    );
    assert_eq!(keys.status, key_by_the_book(&salt, "status", welcome.epoch));
    assert_eq!(hex(&keys.command), GOLDEN_COMMAND_KEY);
    assert_eq!(hex(&keys.status), GOLDEN_STATUS_KEY);
    assert_ne!(keys.command, keys.status);
    for other in [
        derive(&welcome.robot_nonce, &hello.console_nonce, welcome.epoch),
        derive(&[0; 16], &welcome.robot_nonce, welcome.epoch),
        derive(&hello.console_nonce, &[0; 16], welcome.epoch),
        derive(
            &hello.console_nonce,
            &welcome.robot_nonce,
            welcome.epoch + 1,
        ),
        SessionKeys::derive(
            &PresharedKey([0; 32]),
            &hello.console_nonce,
            &welcome.robot_nonce,
            welcome.epoch,
        ),
    ] {
        assert_ne!(other.command, keys.command);
        assert_ne!(other.status, keys.status);
    }
    assert!(
        !format!("{keys:?}{:?}", golden_psk()).contains('6'),
        "no key is printed"
    );
}

#[test]
fn a_hello_and_a_welcome_are_the_golden_bytes() {
    let hello_key = key_by_the_book(&[0; 32], "hello", 0);
    let hello = seal_hello(&golden_hello(), &hello_key);
    assert_eq!(hex(&hello), joined(GOLDEN_HELLO));
    assert_eq!(open_hello(&hello, &hello_key), Ok(golden_hello()));
    assert_eq!(
        control_loop::session::open_hello(&golden_psk(), &hello),
        Ok(golden_hello())
    );

    let (console, robot) = (golden_hello().console_nonce, golden_welcome().robot_nonce);
    let welcome_key = key_by_the_book(&[console, robot].concat(), "welcome", 0x0102_0304);
    let welcome = seal_welcome(&golden_welcome(), &welcome_key);
    assert_eq!(hex(&welcome), joined(GOLDEN_WELCOME));
    assert_eq!(open_welcome(&welcome, &welcome_key), Ok(golden_welcome()));
    assert_eq!(robot_nonce(&welcome), Some(robot));
}

#[test]
fn a_hello_or_a_welcome_with_any_one_bit_flipped_is_refused() {
    let key = [7; 32];
    let hello = seal_hello(&golden_hello(), &key);
    for bit in 0..hello.len() * 8 {
        let mut flipped = hello;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(open_hello(&flipped, &key).is_err(), "bit {bit}");
    }
    let welcome = seal_welcome(&golden_welcome(), &key);
    for bit in 0..welcome.len() * 8 {
        // The nonce is not under the tag: with another one the key is another.
        if (16 * 8..32 * 8).contains(&bit) {
            continue;
        }
        let mut flipped = welcome;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(open_welcome(&flipped, &key).is_err(), "bit {bit}");
    }
}

#[test]
fn the_header_tells_kind_epoch_and_number_of_frames_of_the_right_size_only() {
    let frames = [
        (
            Kind::Command,
            seal_command(&golden_command(), &[1; 32]).to_vec(),
        ),
        (
            Kind::Status,
            seal_status(&golden_status(), &[1; 32]).to_vec(),
        ),
        (Kind::Hello, seal_hello(&golden_hello(), &[1; 32]).to_vec()),
        (
            Kind::Welcome,
            seal_welcome(&golden_welcome(), &[1; 32]).to_vec(),
        ),
    ];
    for (kind, frame) in frames {
        assert_eq!(header_of(&frame).map(|(kind, ..)| kind), Some(kind));
        for length in 0..frame.len() {
            assert_eq!(
                header_of(&frame[..length]),
                None,
                "{kind:?} of {length} bytes"
            );
        }
        for (place, value) in [(0, b'X'), (1, b'X'), (2, 1), (3, 0), (3, 5)] {
            let mut other = frame.clone();
            other[place] = value;
            assert_eq!(header_of(&other), None);
        }
    }
}
