//! A fuzz target for `receive` on the stable toolchain: inputs of the corpus (`tests/corpus`), mutated at
//! random from a fixed seed, go to a robot that follows a sound console at the same time.
//!
//! `FUZZ_INPUTS` sets how many (60,000 by default); `FUZZ_SEED` where they begin. What must hold:
//!
//! - without the key, nothing but a verdict happens: the robot moves bit for bit like one that is left
//!   alone;
//! - with the key (a console gone mad), nothing panics, and every joint stays inside its limits.

mod common;

use common::{Dice, Handshake, KEYS, MS, Network, World, arms, surgeon};
use control_loop::frame::{
    HEADER_BYTES, Kind, TAG_BYTES, open_command, seal_command, seal_hello, seal_welcome,
};
use control_loop::{PathId, RobotLoop, Verdict};

fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .expect("FUZZ_INPUTS and FUZZ_SEED are whole numbers"),
        Err(_) => default,
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    let corpus: Vec<_> = files
        .iter()
        .map(|file| std::fs::read(file).expect("a readable file"))
        .collect();
    assert!(corpus.len() >= 10, "the corpus has {} inputs", corpus.len());
    corpus
}

/// Changes an input as fuzzers do: bits, bytes, lengths, numbers at their edges, and parts of others.
fn mutated(dice: &mut Dice, corpus: &[Vec<u8>]) -> Vec<u8> {
    let pick = |dice: &mut Dice| corpus[dice.below(corpus.len() as u64) as usize].clone();
    let mut bytes = pick(dice);
    for _ in 0..=dice.below(4) {
        let place = dice.below(bytes.len().max(1) as u64) as usize;
        match dice.below(8) {
            0 if !bytes.is_empty() => bytes[place] ^= 1 << dice.below(8),
            1 if !bytes.is_empty() => bytes[place] = dice.next() as u8,
            2 => bytes.truncate(place),
            3 => bytes.resize(bytes.len() + dice.below(40) as usize, 0xff),
            4 => {
                let edge = [0, 1, u64::MAX, 1 << 63, 1 << 32, 4_096][dice.below(6) as usize];
                for (byte, new) in bytes.iter_mut().skip(place).zip(edge.to_le_bytes()) {
                    *byte = new;
                }
            }
            5 => {
                let other = pick(dice);
                let from = place.min(other.len());
                bytes.truncate(place);
                bytes.extend_from_slice(&other[from..]);
            }
            6 if bytes.len() > 3 => bytes[3] = dice.below(6) as u8,
            _ => {
                for byte in bytes.iter_mut().skip(HEADER_BYTES) {
                    *byte = dice.next() as u8;
                }
            }
        }
    }
    bytes
}

/// The input's text, sealed with the session's key: what a console gone mad could send.
fn sealed(bytes: &[u8], sequence: u64, now_ns: u64) -> Vec<u8> {
    let mut text = bytes.to_vec();
    text.resize(132, 0);
    let Ok(mut command) = open_command(
        &seal_text(&text[HEADER_BYTES..132 - TAG_BYTES], sequence),
        &KEYS.command,
    ) else {
        return text;
    };
    // Often fresh, or nothing would come of it.
    if command.echo_ns % 3 != 0 {
        command.echo_ns = now_ns - now_ns.min(command.echo_ns % (600 * MS));
    }
    command.engagement %= 2;
    seal_command(&command, &KEYS.command).to_vec()
}

/// Seals any text as a command of the session.
fn seal_text(text: &[u8], sequence: u64) -> Vec<u8> {
    use chacha20poly1305::aead::AeadInOut;
    use chacha20poly1305::{ChaCha20Poly1305, KeyInit};
    let mut header = vec![b'T', b'S', 2, 1];
    header.extend(1_u32.to_le_bytes());
    header.extend(sequence.to_le_bytes());
    let nonce: [u8; 12] = header[4..16].try_into().expect("twelve bytes");
    let mut sealed = text.to_vec();
    let tag = ChaCha20Poly1305::new(&KEYS.command.into())
        .encrypt_inout_detached(&nonce.into(), &header, sealed.as_mut_slice().into())
        .expect("short enough");
    [header, sealed, tag.to_vec()].concat()
}

#[test]
fn no_input_without_the_key_does_anything() {
    let inputs = setting("FUZZ_INPUTS", 60_000);
    let mut dice = Dice(setting("FUZZ_SEED", 1));
    let corpus = corpus();
    let run_ms = 2_000;
    let mut plain = World::new(Network::good());
    plain.run(run_ms, surgeon);

    let mut tried = 0;
    let mut seen = std::collections::BTreeSet::new();
    while tried < inputs {
        let mut world = World::new(Network::good());
        for ms in 0..run_ms {
            for _ in 0..inputs.min(60_000).div_ceil(run_ms) {
                let path = PathId::ALL[dice.below(2) as usize];
                let bytes = mutated(&mut dice, &corpus);
                if open_command(&bytes, &KEYS.command).is_ok() {
                    // The corpus was recorded under these keys: a mutation left it as it was.
                    continue;
                }
                let verdict = world.robot.receive(ms * MS, path, &bytes);
                assert_ne!(verdict, Verdict::Accepted, "{bytes:02x?}");
                seen.insert(verdict as usize);
                tried += 1;
            }
            world.step(&surgeon(ms));
        }
        assert_eq!(world.motion(), plain.motion());
        assert_eq!(world.states(), plain.states());
    }
    println!("{tried} inputs without the key");
    assert!(seen.len() >= 3, "blind: {seen:?}");
}

#[test]
fn no_input_with_the_key_panics_or_takes_a_joint_out_of_its_limits() {
    let inputs = setting("FUZZ_INPUTS", 60_000) / 4;
    let mut dice = Dice(setting("FUZZ_SEED", 1) ^ 0xfeed);
    let (arms, corpus) = (arms(), corpus());
    let mut tried = 0;
    let mut accepted = 0;
    while tried < inputs {
        let Handshake { mut robot, .. } = Handshake::of(&arms, &Default::default());
        let mut sensed = common::at_home(&arms);
        let mut sequence = 0;
        for ms in 1..1_000 {
            for _ in 0..3 {
                sequence += dice.below(3);
                let bytes = sealed(&mutated(&mut dice, &corpus), sequence, ms * MS);
                let path = PathId::ALL[dice.below(2) as usize];
                let verdict = robot.receive(ms * MS, path, &bytes);
                accepted += u64::from(verdict == Verdict::Accepted);
                tried += 1;
            }
            let output = robot.tick(ms * MS, &sensed);
            sensed.joints = output.set_points;
            for (joints, arm) in output.set_points.iter().zip(&arms) {
                for (joint, limits) in joints.iter().zip(&arm.limits).take(arm.joint_count) {
                    assert!((limits.lower..=limits.upper).contains(joint));
                }
            }
        }
    }
    println!("{tried} inputs with the key, {accepted} of them accepted");
    assert!(accepted > tried / 20, "blind: {accepted} of {tried}");
}

/// The corpus is what the two ends say today. After a change of the frames, `FUZZ_CORPUS=write` writes it anew.
#[test]
fn the_corpus_is_of_frames_as_they_are() {
    let is_written = std::env::var("FUZZ_CORPUS").is_ok_and(|wish| wish == "write");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut world = World::new(Network::good());
    world.run(400, surgeon);
    let sent = |number: usize| world.sent[number].1;
    let status = world.outputs[300].status.expect("due").to_vec();
    let handshake = Handshake::of(&arms(), &Default::default());
    let hello = control_loop::frame::Hello {
        stamp: u64::MAX,
        console_nonce: [0xff; 16],
    };
    let welcome = control_loop::frame::Welcome {
        epoch: u32::MAX,
        answer: u64::MAX,
        robot_nonce: [0xff; 16],
        robot_time_ns: u64::MAX,
        engagement: u32::MAX,
    };
    let mad = control_loop::frame::Command {
        sequence: u64::MAX,
        echo_ns: u64::MAX,
        engagement: u32::MAX,
        clutch: u32::MAX,
        ..sent(150).command
    };
    let mut other_epoch = sent(100).bytes.to_vec();
    other_epoch[4..8].copy_from_slice(&2_u32.to_le_bytes());
    let mut old_version = sent(100).bytes.to_vec();
    old_version[2] = 1;
    let files: [(&str, Vec<u8>); 14] = [
        ("command_before_the_gesture", sent(10).bytes.to_vec()),
        ("command_pedal_down", sent(50).bytes.to_vec()),
        ("command_following", sent(150).bytes.to_vec()),
        ("command_truncated", sent(150).bytes[..131].to_vec()),
        ("command_header_only", sent(150).bytes[..16].to_vec()),
        ("command_other_epoch", other_epoch),
        ("command_old_version", old_version),
        (
            "command_greatest_numbers",
            seal_command(&mad, &KEYS.command).to_vec(),
        ),
        ("status_reflected", status),
        ("hello_recorded", handshake.hello),
        ("hello_another_key", seal_hello(&hello, &[0; 32]).to_vec()),
        ("welcome_reflected", handshake.welcome),
        (
            "welcome_another_key",
            seal_welcome(&welcome, &[0; 32]).to_vec(),
        ),
        ("empty", Vec::new()),
    ];
    for (name, bytes) in files {
        let file = folder.join(format!("{name}.bin"));
        if is_written {
            std::fs::write(&file, &bytes).expect("a writable folder");
        }
        assert_eq!(std::fs::read(&file).expect("it is there"), bytes, "{name}");
    }
    assert_eq!(Kind::ALL.len(), 4, "a new kind wants an input of its own");
}
