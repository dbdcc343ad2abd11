//! What travels: golden bytes, exact resolution, and everything that is no frame of ours.

mod common;

use chacha20poly1305::aead::AeadInOut;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
use common::KEYS;
use control_loop::frame::{
    ArmCommand, Command, HEADER_BYTES, Refusal, Status, TAG_BYTES, open_command, open_status,
    seal_command, seal_status,
};
use control_loop::{COMMAND_BYTES, DATAGRAM_MAX, STATUS_BYTES, SessionKeys, State};
use nalgebra::{Quaternion, Translation3, UnitQuaternion};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use robot_model::{MAX_ARMS, Pose};

/// The same bytes stand in FRAME.md.
const GOLDEN_COMMAND: &str = "\
    54530101040302018877665544332211fd96cf0d5d15e1825e785930eff3e4dc
    aafd182abdec860999cd4f79e878676dedbe49c11c42cad66c6d357d2806579e
    a440ae4bfd25557c0ccde9164ade4c26d5b80f0eca9b1049ea7dfca21c789dd2
    472519174cfd966e8629445eebe239610293dc3317e68763051f744c6b9ca01f
    5b1921ab3ec78710ea452476e8c5252651d758021e9e1cc12f6a12876a97e9e0
    ac6909cfd6d1474d9747b39fe19c10f9fab6023f
";
const GOLDEN_STATUS: &str = "\
    54530102040302012a00000000000000a93c15f48cc74215e1cabb2e9819c975
    22f4cc13a8f2904a1a61ae8f4fe7c285ed4ef35d87415e66ce93c9443c408b53
    be04f6d809c000b15dba4bac152305fdead1057019bc73b7d7523a72fe2b82b3
    da7dbf32d3cbdc4e02a7a968b31d8b7f01171812983f35e7efd2d23476b4cbe3
    8a1883ecd5efd17dab7b7b1a
";

fn golden_keys() -> SessionKeys {
    SessionKeys {
        command: std::array::from_fn(|place| place as u8),
        status: std::array::from_fn(|place| 0x80 + place as u8),
    }
}

/// Every part of every quaternion is a multiple of 2^-30, so that the bytes follow from the text.
fn golden_command() -> Command {
    let turn = UnitQuaternion::new_unchecked(Quaternion::new(0.5, 0.5, -0.5, 0.5));
    let arm = |number: f64| ArmCommand {
        motion: Pose::from_parts(Translation3::new(0.001 * number, -0.002, 1e-9), turn),
        jaw_rad: 0.25 * number,
    };
    Command {
        epoch: 0x0102_0304,
        sequence: 0x1122_3344_5566_7788,
        echo_ns: 1_234_567_890,
        engagement: 7,
        clutch: 3,
        engaged: true,
        stop: false,
        arms: [arm(1.0), arm(2.0), arm(3.0), arm(4.0)],
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
        silent_paths: [false, true],
        verdicts: [
            [100, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
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
    let mut header = vec![b'T', b'S', 1, kind];
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
    command.arms[2].motion.rotation = UnitQuaternion::new_unchecked(turn);
    command
}

#[test]
fn a_sealed_command_is_the_golden_bytes() {
    let frame = seal_command(&golden_command(), &golden_keys());
    assert_eq!(hex(&frame), joined(GOLDEN_COMMAND));
    assert_eq!(open_command(&frame, &golden_keys()), Ok(golden_command()));
}

#[test]
fn a_sealed_status_is_the_golden_bytes() {
    let frame = seal_status(&golden_status(), &golden_keys());
    assert_eq!(hex(&frame), joined(GOLDEN_STATUS));
    assert_eq!(open_status(&frame, &golden_keys()), Ok(golden_status()));
}

#[test]
fn the_golden_bytes_and_sizes_stand_in_the_layout_document() {
    let document = joined(include_str!("../FRAME.md"));
    assert!(document.contains(&joined(GOLDEN_COMMAND)));
    assert!(document.contains(&joined(GOLDEN_STATUS)));
    assert_eq!((COMMAND_BYTES, STATUS_BYTES, DATAGRAM_MAX), (180, 140, 256));
}

#[test]
fn a_command_sealed_by_the_book_field_by_field_is_the_crates_command() {
    let mut payload = Vec::new();
    payload.extend(1_234_567_890_u64.to_le_bytes());
    payload.extend(7_u32.to_le_bytes());
    payload.extend(3_u32.to_le_bytes());
    payload.extend([1, 0, 0, 0]);
    for number in 1..=4 {
        let half = 1 << 29;
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
    payload.extend([2, 0, 1, 0]);
    let counters = std::iter::once(100_u32).chain(1..=19);
    payload.extend(counters.flat_map(u32::to_le_bytes));
    let tail = [4, 3, 2, 1, 42, 0, 0, 0, 0, 0, 0, 0];
    let frame = seal_by_the_book(2, &tail, &payload, &golden_keys().status);
    assert_eq!(hex(&frame), joined(GOLDEN_STATUS));
}

#[test]
fn only_the_header_travels_in_clear() {
    let frame = seal_command(&golden_command(), &golden_keys());
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
    let [first, second] = [first, second].map(|command| seal_command(&command, &golden_keys()));
    let equal = first[HEADER_BYTES..]
        .iter()
        .zip(&second[HEADER_BYTES..])
        .filter(|(a, b)| a == b)
        .count();
    assert!(equal < 12, "{equal} bytes are equal");
}

fn command() -> impl Strategy<Value = Command> {
    let arm = (
        prop::array::uniform3(-2.1..2.1),
        prop::array::uniform3(-3.2..3.2),
        -3.2..3.2,
    )
        .prop_map(
            |([x, y, z], [roll, pitch, yaw], jaw_rad): (_, [f64; 3], _)| {
                let turn = UnitQuaternion::from_euler_angles(roll, pitch, yaw);
                let motion = Pose::from_parts(Translation3::new(x, y, z), turn);
                ArmCommand { motion, jaw_rad }
            },
        );
    let numbers = (
        any::<u32>(),
        any::<u64>(),
        any::<u64>(),
        any::<u32>(),
        any::<u32>(),
    );
    (
        numbers,
        any::<bool>(),
        any::<bool>(),
        prop::array::uniform4(arm),
    )
        .prop_map(
            |((epoch, sequence, echo_ns, engagement, clutch), engaged, stop, arms)| Command {
                epoch,
                sequence,
                echo_ns,
                engagement,
                clutch,
                engaged,
                stop,
                arms,
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
    let counters = prop::array::uniform2(prop::array::uniform10(any::<u32>()));
    let flags = (any::<bool>(), any::<bool>());
    (numbers, any::<u32>(), 0..State::ALL.len(), flags, counters).prop_map(
        |(numbers, clutch, state, (a, b), verdicts)| Status {
            epoch: numbers.0,
            sequence: numbers.1,
            robot_time_ns: numbers.2,
            engagement: numbers.3,
            state: State::ALL[state],
            newest_sequence: numbers.4,
            clutch,
            silent_paths: [a, b],
            verdicts,
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
        let read = open_command(&seal_command(&meant, &KEYS), &KEYS).expect("our own frame");
        let plain = |command: &Command| Command { arms: golden_command().arms, ..*command };
        prop_assert_eq!(plain(&read), plain(&meant));
        for (read, meant) in read.arms.iter().zip(&meant.arms) {
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
        prop_assert_eq!(open_status(&seal_status(&meant, &KEYS), &KEYS), Ok(meant));
    }

    #[test]
    fn bytes_of_anyone_else_are_no_frame(bytes in prop::collection::vec(any::<u8>(), 0..=DATAGRAM_MAX)) {
        prop_assert!(open_command(&bytes, &KEYS).is_err());
        prop_assert!(open_status(&bytes, &KEYS).is_err());
    }
}

#[test]
fn a_frame_with_any_one_bit_flipped_is_refused() {
    let command = seal_command(&golden_command(), &golden_keys());
    let status = seal_status(&golden_status(), &golden_keys());
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
        let refused = open_command(&flipped(&command, bit), &golden_keys());
        assert_eq!(refused, Err(refusal(bit)), "bit {bit}");
    }
    for bit in 0..status.len() * 8 {
        let refused = open_status(&flipped(&status, bit), &golden_keys());
        assert_eq!(refused, Err(refusal(bit)), "bit {bit}");
    }
}

#[test]
fn a_frame_of_any_other_length_is_malformed() {
    let mut command = seal_command(&golden_command(), &golden_keys()).to_vec();
    let mut status = seal_status(&golden_status(), &golden_keys()).to_vec();
    command.resize(DATAGRAM_MAX, 0);
    status.resize(DATAGRAM_MAX, 0);
    for length in 0..=DATAGRAM_MAX {
        let opened = open_command(&command[..length], &golden_keys());
        if length == COMMAND_BYTES {
            assert_eq!(opened, Ok(golden_command()));
        } else {
            assert_eq!(opened, Err(Refusal::Malformed), "{length} bytes");
        }
        let opened = open_status(&status[..length], &golden_keys());
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
    let status = seal_status(&golden_status(), &keys);
    assert_eq!(open_command(&status, &keys), Err(Refusal::Malformed));

    let mut longer = status.to_vec();
    longer.resize(COMMAND_BYTES, 0);
    assert_eq!(open_command(&longer, &keys), Err(Refusal::Malformed));

    longer[3] = 1;
    assert_eq!(open_command(&longer, &keys), Err(Refusal::Forged));

    // Even a perfect command is none under the status key, or under the status kind.
    let frame = seal_command(&golden_command(), &keys);
    let payload = payload_of(&frame, &keys.command);
    let under_status_key = resealed(&frame, 1, &payload, &keys.status);
    assert_eq!(open_command(&under_status_key, &keys), Err(Refusal::Forged));
    let of_status_kind = resealed(&frame, 2, &payload, &keys.command);
    assert_eq!(
        open_command(&of_status_kind, &keys),
        Err(Refusal::Malformed)
    );
}

#[test]
fn a_command_reflected_as_a_status_is_refused() {
    let keys = golden_keys();
    let command = seal_command(&golden_command(), &keys);
    assert_eq!(open_status(&command, &keys), Err(Refusal::Malformed));
    let frame = seal_status(&golden_status(), &keys);
    let payload = payload_of(&frame, &keys.status);
    let under_command_key = resealed(&frame, 2, &payload, &keys.command);
    assert_eq!(open_status(&under_command_key, &keys), Err(Refusal::Forged));
    let of_command_kind = resealed(&frame, 1, &payload, &keys.status);
    assert_eq!(
        open_status(&of_command_kind, &keys),
        Err(Refusal::Malformed)
    );
}

#[test]
fn a_frame_sealed_with_another_key_is_forged() {
    let mut keys = golden_keys();
    keys.command[31] ^= 1;
    keys.status[0] ^= 0x80;
    let command = seal_command(&golden_command(), &keys);
    let status = seal_status(&golden_status(), &keys);
    assert_eq!(open_command(&command, &golden_keys()), Err(Refusal::Forged));
    assert_eq!(open_status(&status, &golden_keys()), Err(Refusal::Forged));
}

#[test]
fn a_frame_of_another_version_is_malformed() {
    let mut frame = seal_command(&golden_command(), &golden_keys());
    frame[2] = 2;
    assert_eq!(
        open_command(&frame, &golden_keys()),
        Err(Refusal::Malformed)
    );
}

#[test]
fn a_frame_of_zeros_is_refused() {
    assert_eq!(
        open_command(&[0; COMMAND_BYTES], &KEYS),
        Err(Refusal::Malformed)
    );
    assert_eq!(
        open_status(&[0; STATUS_BYTES], &KEYS),
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
        command.arms[1].motion.translation.vector.y = meant;
        command.arms[3].jaw_rad = meant;
        let read = open_command(&seal_command(&command, &KEYS), &KEYS).expect("sealed by us");
        let arm = &read.arms[1].motion.translation.vector;
        assert!((arm.y - read_m).abs() < 1e-12, "{meant} became {}", arm.y);
        assert!(read.arms[3].jaw_rad.is_finite(), "{meant} as a jaw angle");
    }
}

#[test]
fn a_turn_that_is_no_number_makes_the_whole_command_malformed() {
    for part in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let command = command_with_turn(Quaternion::new(part, 0.0, 0.0, 0.0));
        let frame = seal_command(&command, &KEYS);
        assert_eq!(
            open_command(&frame, &KEYS),
            Err(Refusal::Malformed),
            "{part}"
        );
    }
}

#[test]
fn a_quaternion_is_of_unit_length_to_a_millionth_or_malformed() {
    let of_length = |length: f64| {
        let turn = Quaternion::new(0.6 * length, 0.0, 0.8 * length, 0.0);
        open_command(&seal_command(&command_with_turn(turn), &KEYS), &KEYS)
    };
    for length in [0.0, 0.5, 1.0 - 1.01e-6, 1.0 + 1.01e-6, 2.0] {
        assert_eq!(
            of_length(length),
            Err(Refusal::Malformed),
            "length {length}"
        );
    }
    for length in [1.0 - 0.99e-6, 1.0, 1.0 + 0.99e-6] {
        let turn = of_length(length).expect("near enough to unit length").arms[2]
            .motion
            .rotation;
        assert!((turn.norm() - 1.0).abs() < 1e-15, "it is made a unit again");
    }
}

#[test]
fn authentic_bytes_with_an_impossible_flag_or_state_are_malformed() {
    let keys = golden_keys();
    let command = seal_command(&golden_command(), &keys);
    for place in [16, 17] {
        let mut payload = payload_of(&command, &keys.command);
        payload[place] = 2;
        let frame = resealed(&command, 1, &payload, &keys.command);
        assert_eq!(
            open_command(&frame, &keys),
            Err(Refusal::Malformed),
            "byte {place}"
        );
    }
    let status = seal_status(&golden_status(), &keys);
    for (place, value) in [(24, 7), (25, 2), (26, 2)] {
        let mut payload = payload_of(&status, &keys.status);
        payload[place] = value;
        let frame = resealed(&status, 2, &payload, &keys.status);
        assert_eq!(
            open_status(&frame, &keys),
            Err(Refusal::Malformed),
            "byte {place}"
        );
    }
}

#[test]
fn reserved_bytes_are_zero_when_sent_and_ignored_when_read() {
    let keys = golden_keys();
    let command = seal_command(&golden_command(), &keys);
    let mut payload = payload_of(&command, &keys.command);
    assert_eq!(payload[18..20], [0, 0]);
    payload[18..20].fill(0xff);
    let frame = resealed(&command, 1, &payload, &keys.command);
    assert_eq!(open_command(&frame, &keys), Ok(golden_command()));

    let status = seal_status(&golden_status(), &keys);
    let mut payload = payload_of(&status, &keys.status);
    assert_eq!(payload[27], 0);
    payload[27] = 0xff;
    let frame = resealed(&status, 2, &payload, &keys.status);
    assert_eq!(open_status(&frame, &keys), Ok(golden_status()));
}

#[test]
fn every_state_has_the_number_that_the_layout_gives_it() {
    for (number, state) in State::ALL.iter().enumerate() {
        let status = Status {
            state: *state,
            ..golden_status()
        };
        let payload = payload_of(&seal_status(&status, &KEYS), &KEYS.status);
        assert_eq!(usize::from(payload[24]), number, "{}", state.name());
    }
    assert_eq!(MAX_ARMS, 4, "the layout has room for four arms");
}
