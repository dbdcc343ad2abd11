//! The requirement table: what must hold, why, and where each number comes from.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::Thresholds;

/// A requirement's id. The gaps are requirements judged elsewhere: by comparing whole runs, or on
/// quantities that only the physical world has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Id {
    /// A stale command moves the arm.
    R01,
    /// An old or repeated command moves the arm.
    R02,
    /// The tip jumps.
    R03,
    /// A joint leaves its limits.
    R04,
    /// The link is lost and the arm does not stop.
    R05,
    /// The arm creeps in a hold.
    R06,
    /// Motion resumes by itself.
    R07,
    /// A command that arrives twice moves the arm twice.
    R09,
    /// A frame that the console never sealed moves the arm.
    R12,
    /// The abdominal wall is torn at.
    R14,
    /// Arms collide with each other or with the patient.
    R15,
    /// Tissue is pressed too hard.
    R16,
    /// The robot does not follow and nothing says so.
    R17,
    /// The loop never moves.
    R18,
    /// Redundancy is silently gone.
    R19,
    /// A flood keeps the console's frames out, or the loop busy.
    R21,
    /// Numbers break.
    R22,
}

impl Id {
    /// Every id, in order.
    pub const ALL: [Id; 17] = [
        Id::R01,
        Id::R02,
        Id::R03,
        Id::R04,
        Id::R05,
        Id::R06,
        Id::R07,
        Id::R09,
        Id::R12,
        Id::R14,
        Id::R15,
        Id::R16,
        Id::R17,
        Id::R18,
        Id::R19,
        Id::R21,
        Id::R22,
    ];

    /// The id as written in tables, such as `R01`.
    pub fn name(self) -> &'static str {
        match self {
            Id::R01 => "R01",
            Id::R02 => "R02",
            Id::R03 => "R03",
            Id::R04 => "R04",
            Id::R05 => "R05",
            Id::R06 => "R06",
            Id::R07 => "R07",
            Id::R09 => "R09",
            Id::R12 => "R12",
            Id::R14 => "R14",
            Id::R15 => "R15",
            Id::R16 => "R16",
            Id::R17 => "R17",
            Id::R18 => "R18",
            Id::R19 => "R19",
            Id::R21 => "R21",
            Id::R22 => "R22",
        }
    }

    /// Unit of the requirement's leading threshold, and of its margin unless the finding names
    /// another. `exact` has no magnitude: +1 held, -1 violated.
    pub fn unit(self) -> &'static str {
        match self {
            Id::R01 | Id::R17 | Id::R19 => "ms",
            Id::R02 | Id::R09 | Id::R12 | Id::R22 => EXACT,
            Id::R03 | Id::R06 | Id::R14 | Id::R15 => "mm",
            Id::R04 => SHARE,
            Id::R05 | Id::R07 => "mm/s",
            Id::R16 => "N",
            Id::R18 => "share",
            Id::R21 => "datagrams",
        }
    }
}

/// Unit of a requirement that either holds or does not.
pub(crate) const EXACT: &str = "exact";

/// Unit of a margin that is a share of each limit, because the limits have different units.
pub(crate) const SHARE: &str = "share of limit";

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How well founded a threshold is. Reports label what is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OriginKind {
    /// From a publication, a standard or a released system.
    Published,
    /// Follows from published facts, or from the definition of the hazard.
    Derived,
    /// Chosen by us; somebody must confirm it before it means anything clinically.
    Assumed,
}

/// Where a threshold comes from. With several sources the kind is that of the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// How well founded it is.
    pub kind: OriginKind,
    /// The source, in words.
    pub text: &'static str,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Requirement {
    /// Its id.
    pub id: Id,
    /// What may go wrong without it.
    pub hazard: &'static str,
    /// What must hold, in words.
    pub sentence: &'static str,
    /// What must hold, over samples.
    pub formula: &'static str,
    /// Unit of the margin; see [`Id::unit`].
    pub unit: &'static str,
    /// The thresholds in force, with their units.
    pub threshold_text: String,
    /// Where the thresholds come from.
    pub origin: Origin,
    /// Why this is required, and why it is put this way.
    pub rationale: &'static str,
}

/// The whole table with the given thresholds, in the order of [`Id::ALL`].
pub fn table(thresholds: &Thresholds) -> Vec<Requirement> {
    Id::ALL.map(|id| requirement(id, thresholds)).into()
}

fn requirement(id: Id, thresholds: &Thresholds) -> Requirement {
    let words = words(id);
    Requirement {
        id,
        hazard: words.hazard,
        sentence: words.sentence,
        formula: words.formula,
        unit: id.unit(),
        threshold_text: threshold_text(id, thresholds),
        origin: words.origin,
        rationale: words.rationale,
    }
}

/// The thresholds that `id` is judged by.
fn threshold_text(id: Id, t: &Thresholds) -> String {
    match id {
        Id::R01 => format!("{} ms", t.age_limit_ms),
        Id::R02 | Id::R09 | Id::R12 | Id::R22 => EXACT.into(),
        Id::R03 => format!("{} mm per ms", t.tip_step_mm_per_ms),
        Id::R04 => "robot file".into(),
        Id::R05 => format!(
            "{} ms + {} ms; {} mm/s",
            t.coast_ms, t.stop_ms, t.rest_speed_mm_s
        ),
        Id::R06 => format!("{} mm after {} ms at rest", t.hold_drift_mm, t.settle_ms),
        Id::R07 => format!(
            "{} µm; {} mm/s for {} ms",
            t.resume_offset_um, t.resume_speed_mm_s, t.resume_window_ms
        ),
        Id::R14 => format!("{} mm", t.remote_centre_mm),
        Id::R15 => format!("{} mm", t.clearance_mm),
        Id::R16 => format!("{} N", t.tip_force_n),
        Id::R17 => format!("{} mm; {} ms", t.tracking_error_mm, t.tracking_fault_ms),
        Id::R18 => format!("share {}; {} ms", t.following_share, t.resume_within_ms),
        Id::R19 => format!("{} ms", t.latent_ms),
        Id::R21 => format!(
            "{}; {} of a path in a tick",
            t.flood_datagrams, t.work_datagrams
        ),
    }
}

/// The part of a line that no threshold changes.
struct Words {
    hazard: &'static str,
    sentence: &'static str,
    formula: &'static str,
    origin: Origin,
    rationale: &'static str,
}

fn published(text: &'static str) -> Origin {
    Origin {
        kind: OriginKind::Published,
        text,
    }
}

fn derived(text: &'static str) -> Origin {
    Origin {
        kind: OriginKind::Derived,
        text,
    }
}

fn assumed(text: &'static str) -> Origin {
    Origin {
        kind: OriginKind::Assumed,
        text,
    }
}

fn words(id: Id) -> Words {
    match id {
        Id::R01 => Words {
            hazard: "stale command moves the arm",
            sentence: "No command older than the limit is applied, by its true age; the loop's own \
                       bound of the age is never below the true age; and the console really made it.",
            formula: "applied -> exists and true_age <= limit and true_age <= echo_age",
            origin: published(
                "Xu et al. 2014: a delay of 400-500 ms is tiring, 800 ms very hard to work with",
            ),
            rationale: "A surgeon steers by the picture: motion that answers a scene long gone cuts \
                        where nobody looks. Judged by truth, so that a loop cannot pass by believing \
                        a wrong clock.",
        },
        Id::R02 => Words {
            hazard: "old or repeated command moves the arm",
            sentence: "The sequence number of applied commands strictly increases within an epoch, \
                       and epochs only go up.",
            formula: "applied -> epoch > max(epoch so far) or (epoch equal and sequence > max(sequence so far))",
            origin: published(
                "IEC 61784-3 communication errors: unintended repetition, incorrect sequence",
            ),
            rationale: "Two paths deliver each command twice and out of step; order is only caught \
                        by the number, never by the time.",
        },
        Id::R03 => Words {
            hazard: "jump",
            sentence: "The tip set-point never steps further in a tick than a fast hand could move it.",
            formula: "|tip(t) - tip(t - tick)| <= limit * tick",
            origin: published(
                "Raven II fault injection labels a step of 0.1 mm between 1 ms samples as a jump",
            ),
            rationale: "A hand at 50 mm/s and a gap of 300 ms leave 15 mm to catch up: without this, \
                        in one tick.",
        },
        Id::R04 => Words {
            hazard: "overspeed, shock",
            sentence: "Every joint's set-point stays inside its position, velocity, acceleration and \
                       jerk limits, in every state, entering and leaving a hold too.",
            formula: "lower <= x <= upper and |dx| <= v and |ddx| <= a and |dddx| <= j, each joint",
            origin: assumed(
                "robot file; dVRK publishes 90 deg/s, 0.2 m/s, 1080 deg/s (tool) and accelerations, jerk limits are \
                 assumed",
            ),
            rationale: "Finite differences of set-points are averages of the true derivative, so a \
                        loop inside its limits is inside them here. A limit that holds only while \
                        following is broken by the stop.",
        },
        Id::R05 => Words {
            hazard: "link lost",
            sentence: "With no admissible command for the coast time, the tip is at rest within the \
                       stop time; and it travels no further after the last one than coast and stop \
                       need.",
            formula: "silence > coast + stop -> v <= rest; travel since last admissible <= v_max * (coast + stop / 2)",
            origin: assumed(
                "coast: MoveIt Servo drops commands after 100 ms, Franka stops after 20 lost packets; \
                 stop and rest speed are assumed",
            ),
            rationale: "The arm must not go on alone. A symmetric jerk-limited stop from v covers \
                        v * T / 2. Silence is counted from what an ideal receiver would have \
                        admitted, so stale, forged or repeated frames do not feed it.",
        },
        Id::R06 => Words {
            hazard: "creep in hold",
            sentence: "Once a hold has settled, its set-points stay constant bit for bit, and the \
                       measured tip stays near where it settled.",
            formula: "holding and settled -> set_point == set_point(settled) and |tip - tip(settled)| <= limit",
            origin: assumed("no published figure for drift in a hold"),
            rationale: "Settled: at rest for the settling time, or holding for stop time plus \
                        settling time, whichever is first; the second keeps a loop that creeps \
                        without end from never being judged.",
        },
        Id::R07 => Words {
            hazard: "motion resumes by itself",
            sentence: "After a halt only a clutch gesture made since the halt began resumes \
                       following, without a step, and slowly at first.",
            formula: "rise(following) after halt -> gesture > halt began and step <= offset and (v <= slow for window)",
            origin: assumed(
                "dVRK re-anchors on clutch and slows the jaw after it; speed and window are assumed",
            ),
            rationale: "What queued up during an outage must not play out after it, and the surgeon \
                        must mean the resume. A halt is a hold, a fault or a stop: resuming from a \
                        fault by itself is no better.",
        },
        Id::R09 => Words {
            hazard: "command arrives twice",
            sentence: "A run in which frames arrive repeatedly, or among an attacker's, gives the \
                       set-points of the run in which each arrives once and alone.",
            formula: "set_points(with duplicates and hostile frames) == set_points(without), bit for bit",
            origin: derived("metamorphic: redundancy repeats every frame by design"),
            rationale: "Incremental commands (as in Raven II) move twice on a duplicate. Comparing \
                        whole loops needs no idea of how duplicates could do harm.",
        },
        Id::R12 => Words {
            hazard: "attacker moves the arm",
            sentence: "No forged, altered or reflected frame is applied: what is applied, this console \
                       sealed in this epoch.",
            formula: "applied -> bytes == bytes that the console sealed",
            origin: published(
                "Bonaci et al. 2015 (arXiv 1504.04339): Raven II's commands were altered and hijacked by \
                 leading the sequence number",
            ),
            rationale: "Whoever sits on a path sees and sends what they like. Exact copies are \
                        repetitions: R02 and R09 judge those. That nothing blinds the receiver is \
                        judged by R18 and R21, which hold under attack as without.",
        },
        Id::R14 => Words {
            hazard: "abdominal wall torn",
            sentence: "The remote centre stays at the trocar: where the instrument really passes the \
                       abdominal wall is never further from the trocar's place than the limit.",
            formula: "|remote centre - trocar| <= limit, each arm",
            origin: published(
                "remote-centre controllers reach less than a millimetre (arXiv 2603.08490); more than 20 mm can \
                 damage tissue (arXiv 2503.13011)",
            ),
            rationale: "The kinematics keep the remote centre exactly; what moves it is a base that gives \
                        way under what the arm carries, touches and accelerates.",
        },
        Id::R15 => Words {
            hazard: "arms collide",
            sentence: "What is outside of the patient of one arm keeps its distance from another arm, \
                       from the patient and from the table.",
            formula: "anything near -> clearance >= limit, each arm",
            origin: assumed("no published figure; above what set-up and compliance move an arm"),
            rationale: "Arms are driven from a console that does not show them. Instruments inside may \
                        touch: surgery needs it.",
        },
        Id::R16 => Words {
            hazard: "tissue damage",
            sentence: "A tip that touches soft tissue never presses harder than the limit.",
            formula: "tip touches -> force <= limit, each arm",
            origin: assumed(
                "no published limit; 0.8 N in contact and 1.1 N in a grasp were achieved under delay (Onda et al.)",
            ),
            rationale: "Nothing is felt at the console, and what is seen is a round trip old: what limits \
                        the force is how far a tip can go on by itself.",
        },
        Id::R17 => Words {
            hazard: "robot does not follow",
            sentence: "When the measured tip is further from its set-point than the limit, the loop \
                       faults in time.",
            formula: "|tip set-point - tip measured| > limit -> eventually[0, within] (faulted or stopped)",
            origin: assumed("dVRK faults at 50 mm; a procedure needs a tighter bound"),
            rationale: "A blocked or failing joint makes every other margin meaningless.",
        },
        Id::R18 => Words {
            hazard: "loop that never moves",
            sentence: "While truth says a path is healthy, following goes on; and a fresh clutch \
                       gesture over a healthy path leads to following in time.",
            formula: "share(following | healthy) >= required; gesture and healthy throughout -> eventually[0, within] following",
            origin: published(
                "3GPP TS 22.263: reconnection in less than 1 s; TR 22.847: 99.99 % for remote control",
            ),
            rationale: "A loop that always holds would pass every other line. Healthy: an \
                        admissible, engaged command not older than coast, of an engagement and \
                        gesture that has reached following once.",
        },
        Id::R19 => Words {
            hazard: "redundancy silently gone",
            sentence: "A path that has been silent for longer than the limit is reported, and a path \
                       that delivers is not.",
            formula: "path silence > limit + tick -> reported; path silence < limit / 2 -> not reported",
            origin: derived("FRER (IEEE 802.1CB) latent error detection"),
            rationale: "Nothing stops when the first of two paths dies, so nobody notices until the \
                        second one does. Alarms that cry wolf are switched off.",
        },
        Id::R21 => Words {
            hazard: "flood",
            sentence: "As long as no more datagrams arrive by a path in a tick than the first number, \
                       every command of the console among them is looked at; and never are more than \
                       the second number opened.",
            formula: "hostile > 0 -> (arrived <= first -> unread == 0) and opened <= second",
            origin: assumed(
                "64 datagrams in a tick of 1 ms are 64,000 a second on each path; the work is what the \
                 loop's own bounds add up to",
            ),
            rationale: "A loop that opens all that comes is late for its tick, and one that gives up \
                        too soon is blind: both are what a flood is for. Beyond the first number a \
                        flooded path counts as one that delivers nothing.",
        },
        Id::R22 => Words {
            hazard: "numbers break",
            sentence: "All state is finite, quaternions are unit, every arm is there, and the physics \
                       engine's quarantine is empty.",
            formula: "finite and quarantined == 0",
            origin: published("physics engines hide NaN by setting bodies aside"),
            rationale: "A comparison with NaN is false, so broken numbers pass most checks.",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_one_line_for_each_id_in_order() {
        let ids: Vec<Id> = table(&Thresholds::default()).iter().map(|r| r.id).collect();
        assert_eq!(ids, Id::ALL);
        assert!(Id::ALL.is_sorted());
    }

    #[test]
    fn no_line_has_an_empty_cell() {
        for line in table(&Thresholds::default()) {
            for cell in [
                line.hazard,
                line.sentence,
                line.formula,
                line.unit,
                &line.threshold_text,
                line.origin.text,
                line.rationale,
            ] {
                assert!(!cell.is_empty(), "{}", line.id);
                assert!(!cell.contains("  "), "{}: {cell}", line.id);
            }
        }
    }

    #[test]
    fn the_table_quotes_the_thresholds_in_force() {
        let thresholds = Thresholds {
            coast_ms: 60.0,
            ..Thresholds::default()
        };
        let line = requirement(Id::R05, &thresholds);
        assert_eq!(line.threshold_text, "60 ms + 200 ms; 1 mm/s");
    }

    #[test]
    fn an_id_is_shown_as_its_name_and_can_be_aligned() {
        assert_eq!(Id::R07.to_string(), "R07");
        assert_eq!(format!("{:>5}", Id::R22), "  R22");
    }
}
