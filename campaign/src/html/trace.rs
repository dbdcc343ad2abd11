//! What each requirement is met by and tested by: the middle of the trace matrix
//! hazard -> control -> requirement -> test -> evidence.

/// Of one requirement: the control in words, the file that holds it, and the files of its tests.
pub struct Trace {
    /// What keeps the requirement, in words.
    pub control: &'static str,
    /// Where that is written.
    pub file: &'static str,
    /// Where it is tested, apart from simulation.
    pub tests: &'static [&'static str],
}

/// The trace of a requirement by its id.
pub fn trace(id: &str) -> Option<Trace> {
    let (control, file, tests): (_, _, &[&str]) = match id {
        "R01" => (
            "freshness by the echoed robot time",
            "control_loop/src/admission.rs",
            &[
                "control_loop/tests/admission.rs",
                "safety/src/monitors/freshness.rs",
            ],
        ),
        "R02" => (
            "window of sequence numbers; the newest unique command wins",
            "control_loop/src/admission.rs",
            &[
                "control_loop/tests/admission.rs",
                "safety/src/monitors/order.rs",
            ],
        ),
        "R03" => (
            "jerk-limited shaper with a limit of the tip's speed",
            "control_loop/src/shaper.rs",
            &[
                "control_loop/tests/shaper.rs",
                "safety/src/monitors/tips.rs",
            ],
        ),
        "R04" => (
            "shaper that stays able to stop inside all joint limits",
            "control_loop/src/shaper.rs",
            &[
                "control_loop/tests/shaper.rs",
                "safety/src/monitors/joint_limits.rs",
            ],
        ),
        "R05" => (
            "coast, then a jerk-limited stop and hold",
            "control_loop/src/interlock.rs",
            &[
                "control_loop/tests/interlock.rs",
                "control_loop/tests/silence.rs",
                "safety/src/monitors/silence.rs",
            ],
        ),
        "R06" => (
            "the set-point of a hold is constant",
            "control_loop/src/shaper.rs",
            &[
                "control_loop/tests/holding.rs",
                "safety/src/monitors/hold.rs",
            ],
        ),
        "R07" => (
            "engagement number; only a fresh gesture that echoes it resumes, re-anchored and slow",
            "control_loop/src/interlock.rs",
            &[
                "control_loop/tests/interlock.rs",
                "control_loop/tests/holding.rs",
                "safety/src/monitors/resume.rs",
            ],
        ),
        "R09" => (
            "each sequence number is accepted once",
            "control_loop/src/admission.rs",
            &[
                "control_loop/tests/loop_laws.rs",
                "safety/src/monitors/exact.rs",
            ],
        ),
        "R14" => (
            "inverse kinematics about the remote centre",
            "control_loop/src/following.rs",
            &["robot_model/tests/inverse.rs"],
        ),
        "R15" => (
            "placement of the arms, by the scenario",
            "robot_model/src/capsule.rs",
            &["sim/tests/patient.rs", "sim/src/plant/nearness.rs"],
        ),
        "R16" => (
            "limits of the tip's speed and of the servo's force",
            "control_loop/src/shaper.rs",
            &["sim/tests/plant.rs"],
        ),
        "R17" => (
            "watch over tracking error",
            "control_loop/src/watch.rs",
            &[
                "control_loop/tests/watch.rs",
                "safety/src/monitors/tracking.rs",
            ],
        ),
        "R18" => (
            "either path alone suffices; a gesture resumes after healing",
            "control_loop/src/reception.rs",
            &[
                "campaign/tests/liveness.rs",
                "safety/src/monitors/liveness.rs",
            ],
        ),
        "R19" => (
            "health of each path, detection of latent errors",
            "control_loop/src/redundancy.rs",
            &[
                "control_loop/tests/session.rs",
                "safety/src/monitors/redundancy.rs",
            ],
        ),
        "R22" => (
            "checked settings and frames; every set-point is finite",
            "control_loop/src/settings.rs",
            &[
                "control_loop/tests/receive_fuzz.rs",
                "safety/src/monitors/exact.rs",
            ],
        ),
        "R12" => (
            "authenticated encryption; keys of the session; nothing else opens a frame",
            "control_loop/src/reception.rs",
            &[
                "control_loop/tests/session.rs",
                "control_loop/tests/receive_fuzz.rs",
                "safety/src/monitors/attack.rs",
            ],
        ),
        "R21" => (
            "a budget of openings a tick and path; what cannot be news is counted apart",
            "control_loop/src/reception.rs",
            &[
                "control_loop/tests/session.rs",
                "safety/src/monitors/attack.rs",
            ],
        ),
        _ => return None,
    };
    Some(Trace {
        control,
        file,
        tests,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_has_a_control_and_tests_that_exist() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for id in safety::Id::ALL {
            let trace = trace(id.name()).unwrap_or_else(|| panic!("{id} has no trace"));
            for file in trace.tests.iter().chain([&trace.file]) {
                assert!(root.join(file).is_file(), "{id}: {file} does not exist");
            }
        }
    }
}
