//! One run: a world built from an operation, a seed and a fault schedule, stepped a tick at a time.

use bevy_app::App;
use bevy_ecs::prelude::{Entity, World};
use control_loop::{
    Console, ConsoleStart, PathHealth, PathId, PresharedKey, RobotStart, SettingsError, State,
    TickOutput, Verdict,
};
use net_model::{Arrival, Direction, FaultSchedule, ModelError, Network, PATHS, Stream};
use robot_model::{Arm, ArmKind, MAX_ARMS, MAX_JOINTS};
use safety::{ArmSetup, Finding, JointBounds, Monitors, Setup, Traffic};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::adversary::Adversary;
use crate::chain::{Chain, Link};
use crate::hands::HandTrack;
use crate::hosting::{LoopFactory, LoopSetup};
use crate::journal::{Event, Happening, Journal};
use crate::live::Interventions;
use crate::packets::PacketLog;
use crate::plant::Plant;
use crate::scenario::Operation;
use crate::stages::{HandTrackPlugin, OperatorPlugin, StagesPlugin, Tick};
use crate::state::{
    ArmIndex, Body, Clock, ConsoleEnd, Datagram, Geometry, Hands, Inbox, Judges, Measured,
    NewestCommand, Operator, Paths, RobotEnd, SetPoint, Tip,
};
use crate::surgeon::Surgeon;
use crate::truth::Truth;

/// What makes one run of an operation different from another: all data.
#[derive(Clone, Debug)]
pub struct RunPlan {
    /// Seeds every random stream.
    pub seed: u64,
    /// What goes wrong and when: faults, attacks and the console's clock.
    pub faults: FaultSchedule,
    /// How long the run lasts, ns.
    pub duration_ns: u64,
}

impl RunPlan {
    /// The plan of a seed: its faults, attacks and console clock are drawn from the operation's generators.
    pub fn of_seed(operation: &Operation, seed: u64, duration_ns: u64) -> Self {
        let mut faults = operation.faults.generate(seed, duration_ns);
        faults.attacks = operation.adversary.generate(seed, duration_ns);
        faults.console_clock = operation.clocks.generate(seed, duration_ns);
        Self {
            seed,
            faults,
            duration_ns,
        }
    }
}

/// How much of a run is kept beside its outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Keep the event log.
    pub events: bool,
    /// Keep every link of the hash chain.
    pub links: bool,
}

/// Why a world cannot be built.
#[derive(Clone, Debug, PartialEq)]
pub enum BuildError {
    /// The loop refuses its settings.
    Loop(SettingsError),
    /// The network refuses its model.
    Network(ModelError),
}

impl core::fmt::Display for BuildError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Loop(error) => write!(f, "the control loop refuses its settings: {error}"),
            Self::Network(error) => write!(f, "the network refuses its model: {error}"),
        }
    }
}

impl std::error::Error for BuildError {}

/// The deterministic digital twin of one operation.
pub struct Twin {
    pub(crate) app: App,
    arms: Vec<Entity>,
    pub(crate) plan: RunPlan,
    pub(crate) interventions: Interventions,
}

/// A run's result.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Ticks that the run lasted.
    pub ticks: u64,
    /// One finding a requirement, in the order of their ids.
    pub findings: Vec<Finding>,
    /// The hash of the whole history.
    pub hash: u64,
    /// Ticks spent in each state, in the order of [`State::ALL`].
    pub state_ticks: [u64; State::ALL.len()],
    /// Verdicts by path, in the order of [`Verdict::ALL`].
    pub verdicts: [[u64; Verdict::ALL.len()]; PATHS],
}

/// The whole state of a run at one tick: restoring it continues the run bit for bit.
#[derive(Clone)]
pub struct Snapshot {
    clock: Clock,
    operator: Option<Operator>,
    hands: Hands,
    console: ConsoleEnd,
    newest_command: NewestCommand,
    paths: Paths,
    adversary: Adversary,
    robot: RobotEnd,
    body: Body,
    truth: Truth,
    judges: Judges,
    journal: Journal,
    chain: Chain,
    packets: Option<PacketLog>,
    /// What had been done by hand.
    interventions: Interventions,
    arms: Vec<(SetPoint, Measured, Tip)>,
}

impl Twin {
    /// Builds the world of one run, with the programmed surgeon at the console.
    ///
    /// # Errors
    /// [`BuildError`] when the loop or the network refuses what the operation says.
    pub fn new(
        operation: &Operation,
        plan: &RunPlan,
        make_loop: &LoopFactory,
        keep: Keep,
    ) -> Result<Self, BuildError> {
        Self::with_surgeon(operation, plan, plan.seed, make_loop, keep)
    }

    /// Builds the world of one run, with a programmed surgeon of a seed of its own: what shrinking leaves of a failure
    /// may need another hand than the network's seed would draw.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_surgeon(
        operation: &Operation,
        plan: &RunPlan,
        surgeon_seed: u64,
        make_loop: &LoopFactory,
        keep: Keep,
    ) -> Result<Self, BuildError> {
        let mut twin = Self::without_operator(operation, plan, make_loop, keep)?;
        let surgeon = Surgeon::new(&operation.surgeon, &arm_kinds(operation), surgeon_seed)
            .playing(operation.recording.clone());
        twin.app.world_mut().insert_resource(Operator(surgeon));
        twin.app.add_plugins(OperatorPlugin);
        Ok(twin)
    }

    /// Builds the world of one run with a person at the console, who did or will do what a track says. Whoever lets a
    /// person act now pushes to [`Self::push_hands`]; whoever plays what one did gives the whole track.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_hands(
        operation: &Operation,
        plan: &RunPlan,
        track: HandTrack,
        make_loop: &LoopFactory,
        keep: Keep,
    ) -> Result<Self, BuildError> {
        let mut twin = Self::without_operator(operation, plan, make_loop, keep)?;
        twin.app.world_mut().insert_resource(track);
        twin.app.add_plugins(HandTrackPlugin);
        Ok(twin)
    }

    /// Builds the world of one run whose hands are written from outside, into [`Hands`].
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn without_operator(
        operation: &Operation,
        plan: &RunPlan,
        make_loop: &LoopFactory,
        keep: Keep,
    ) -> Result<Self, BuildError> {
        let settings = &operation.control_loop;
        let secrets = Secrets::of_seed(plan.seed);
        let setup = LoopSetup {
            arms: &operation.arms,
            settings,
            psk: &secrets.psk,
            start: secrets.robot,
        };
        let under_test = make_loop(setup).map_err(BuildError::Loop)?;
        let kinds = arm_kinds(operation);
        let console = Console::new(settings, &secrets.psk, secrets.console, &kinds)
            .map_err(BuildError::Loop)?;
        let network = Network::new(&operation.paths, plan.faults.clone(), plan.seed)
            .map_err(BuildError::Network)?;

        let mut app = App::empty();
        let world = app.world_mut();
        world.insert_resource(Clock {
            tick: 0,
            tick_ns: settings.tick_ns,
        });
        world.insert_resource(Hands(crate::hands::idle()));
        world.insert_resource(ConsoleEnd {
            console,
            outgoing: None,
            clock: plan.faults.console_clock.clone(),
        });
        world.insert_resource(Adversary::new(&plan.faults.attacks, plan.seed));
        world.insert_resource(NewestCommand::default());
        world.insert_resource(Paths {
            network,
            traffic: 0,
        });
        world.insert_resource(Inbox::default());
        world.insert_resource(RobotEnd {
            without_duplicates: under_test.clone(),
            under_test,
            output: output_at_home(&operation.arms),
            same_without_duplicates: true,
            applied: None,
            applied_gesture_ns: None,
            traffic: [Traffic::default(); PATHS],
        });
        let body = Plant::new(&operation.plant_setup(plan.seed));
        world.insert_resource(Body(body));
        world.insert_resource(Truth::new(settings.freshness_ns));
        world.insert_resource(Judges {
            monitors: Monitors::new(&operation.requirements, &safety_setup(operation)),
            state_ticks: [0; State::ALL.len()],
            verdicts: [[0; Verdict::ALL.len()]; PATHS],
            flood_datagrams: operation.requirements.flood_datagrams as u32,
            told: Vec::new(),
        });
        world.insert_resource(if keep.events {
            Journal::keeping_events()
        } else {
            Journal::default()
        });
        world.insert_resource(if keep.links {
            Chain::keeping_links()
        } else {
            Chain::default()
        });
        let arms = operation
            .arms
            .iter()
            .enumerate()
            .map(|(index, arm)| spawn_arm(world, index, arm))
            .collect();
        app.add_plugins(StagesPlugin);
        Ok(Self {
            app,
            arms,
            plan: plan.clone(),
            interventions: Interventions::default(),
        })
    }

    /// The plan of this run, with all that was added to it.
    pub fn plan(&self) -> &RunPlan {
        &self.plan
    }

    /// Remembers the newest packets from now on; see [`Self::packets`].
    pub fn remember_packets(&mut self) {
        self.app.world_mut().init_resource::<PacketLog>();
    }

    /// The newest packets and what became of them, if they are remembered.
    pub fn packets(&self) -> Option<&PacketLog> {
        self.app.world().get_resource()
    }

    /// Lets one tick pass.
    pub fn step(&mut self) {
        self.app.world_mut().run_schedule(Tick);
    }

    /// Whether the run's duration has passed, or its numbers broke: then requirement R22 is violated, and
    /// nothing that comes after would mean anything.
    pub fn is_over(&self) -> bool {
        self.now_ns() >= self.plan.duration_ns || self.app.world().resource::<Body>().0.is_broken()
    }

    /// Runs to the end of the plan's duration.
    pub fn run_to_end(&mut self) -> Outcome {
        while !self.is_over() {
            self.step();
        }
        self.outcome()
    }

    /// Simulated time, ns.
    pub fn now_ns(&self) -> u64 {
        self.app.world().resource::<Clock>().now_ns()
    }

    /// The result so far.
    pub fn outcome(&self) -> Outcome {
        let world = self.app.world();
        let judges = world.resource::<Judges>();
        Outcome {
            ticks: world.resource::<Clock>().tick,
            findings: judges.monitors.findings(),
            hash: world.resource::<Chain>().value(),
            state_ticks: judges.state_ticks,
            verdicts: judges.verdicts,
        }
    }

    /// The events so far with the schedule's faults among them, in order of time.
    pub fn events(&self) -> Vec<Event> {
        let mut journal = self.app.world().resource::<Journal>().clone();
        journal.close();
        let mut events = journal.events().to_vec();
        if journal.is_kept() {
            events.extend(fault_events(&self.plan.faults, self.now_ns()));
        }
        events.sort_by_key(|event| event.at_ns);
        events
    }

    /// Every link of the hash chain, if they are kept.
    pub fn links(&self) -> Option<&[Link]> {
        self.app.world().resource::<Chain>().links()
    }

    /// The world, for whoever looks at it or draws it.
    pub fn world(&self) -> &World {
        self.app.world()
    }

    /// The world, for whoever writes its [`Hands`].
    pub fn world_mut(&mut self) -> &mut World {
        self.app.world_mut()
    }

    /// The arms' entities in the scenario's order.
    pub fn arms(&self) -> &[Entity] {
        &self.arms
    }

    /// Copies the whole state.
    pub fn snapshot(&self) -> Snapshot {
        let world = self.app.world();
        Snapshot {
            clock: *world.resource(),
            operator: world.get_resource().cloned(),
            hands: *world.resource(),
            console: world.resource::<ConsoleEnd>().clone(),
            newest_command: world.resource::<NewestCommand>().clone(),
            paths: world.resource::<Paths>().clone(),
            adversary: world.resource::<Adversary>().clone(),
            robot: world.resource::<RobotEnd>().clone(),
            body: world.resource::<Body>().clone(),
            truth: world.resource::<Truth>().clone(),
            judges: world.resource::<Judges>().clone(),
            journal: world.resource::<Journal>().clone(),
            chain: world.resource::<Chain>().clone(),
            packets: world.get_resource().cloned(),
            interventions: self.interventions,
            arms: self
                .arms
                .iter()
                .filter_map(|&arm| arm_state(world, arm))
                .collect(),
        }
    }

    /// Gives every random source of network and surgeon another key, and puts `faults` in the place of the faults that
    /// have not begun: what comes from here on is independent of what would have come. For splitting.
    pub fn rekey(&mut self, key: u64, faults: Option<&FaultSchedule>) {
        let now_ns = self.now_ns();
        let world = self.app.world_mut();
        if let Some(mut operator) = world.get_resource_mut::<Operator>() {
            operator.0.rekey(key);
        }
        let mut paths = world.resource_mut::<Paths>();
        paths.network.rekey(key);
        if let Some(faults) = faults {
            paths.network.replace_future_faults(now_ns, faults, key);
        }
    }

    /// Puts the whole state back; the snapshot must be of a run of the same operation and plan. What was added to the plan
    /// since stays planned, so that going on from an earlier moment comes to the present again, bit for bit.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        let world = self.app.world_mut();
        world.insert_resource(snapshot.clock);
        if let Some(operator) = snapshot.operator.clone() {
            world.insert_resource(operator);
        }
        world.insert_resource(snapshot.hands);
        world.insert_resource(snapshot.console.clone());
        world.insert_resource(snapshot.newest_command.clone());
        world.insert_resource(snapshot.paths.clone());
        world.insert_resource(snapshot.adversary.clone());
        world.insert_resource(snapshot.robot.clone());
        world.insert_resource(snapshot.body.clone());
        world.insert_resource(snapshot.truth.clone());
        world.insert_resource(snapshot.judges.clone());
        world.insert_resource(snapshot.journal.clone());
        world.insert_resource(snapshot.chain.clone());
        if let Some(packets) = snapshot.packets.clone() {
            world.insert_resource(packets);
        }
        for (&arm, &state) in self.arms.iter().zip(&snapshot.arms) {
            world.entity_mut(arm).insert(state);
        }
        self.intervene_again(snapshot.clock.now_ns(), snapshot.interventions);
    }
}

/// What the IPv4 and UDP headers add to a datagram on the wire.
const IP_AND_UDP_BYTES: u64 = 28;

impl Paths {
    /// Sends a frame and folds its fate into the digest of all traffic. Returns when its first copy arrives.
    pub(crate) fn send(
        &mut self,
        now_ns: u64,
        path: usize,
        direction: Direction,
        datagram: Datagram,
    ) -> Option<u64> {
        let digest = xxh3_64_with_seed(datagram.as_ref(), self.traffic);
        let wire_bytes = datagram.as_ref().len() as u64 + IP_AND_UDP_BYTES;
        let fate = self
            .network
            .send_sized(now_ns, path, direction, datagram, wire_bytes);
        self.traffic = fold(
            digest,
            &[now_ns, path as u64, fate.first_arrival_ns().unwrap_or(0)],
        );
        fate.first_arrival_ns()
    }

    /// Takes the next frame that is due, and folds it into the digest of all traffic.
    pub(crate) fn pop_due(
        &mut self,
        now_ns: u64,
        direction: Direction,
    ) -> Option<Arrival<Datagram>> {
        let arrival = self.network.pop_due(now_ns, direction)?;
        let (path, copy) = (arrival.path as u64, u64::from(arrival.copy));
        self.traffic = fold(self.traffic, &[arrival.at_ns, path, arrival.packet, copy]);
        Some(arrival)
    }
}

fn fold(digest: u64, values: &[u64]) -> u64 {
    values.iter().fold(digest, |digest, value| {
        xxh3_64_with_seed(&value.to_le_bytes(), digest)
    })
}

/// What both ends bring to their start: random to everyone but the seed.
struct Secrets {
    psk: PresharedKey,
    console: ConsoleStart,
    robot: RobotStart,
}

impl Secrets {
    fn of_seed(seed: u64) -> Self {
        let mut stream = Stream::new(seed, "session secrets");
        let mut psk = [0; 32];
        let (mut console, mut robot) = ([0; 16], [0; 16]);
        for bytes in [&mut psk[..], &mut console, &mut robot] {
            for chunk in bytes.chunks_exact_mut(8) {
                chunk.copy_from_slice(&stream.bits().to_le_bytes());
            }
        }
        Self {
            psk: PresharedKey(psk),
            console: ConsoleStart {
                stamp: 1,
                nonce: console,
            },
            robot: RobotStart {
                epoch: 1,
                nonce: robot,
            },
        }
    }
}

fn arm_kinds(operation: &Operation) -> Vec<ArmKind> {
    operation.arms.iter().map(|arm| arm.kind).collect()
}

fn output_at_home(arms: &[Arm]) -> TickOutput {
    let mut set_points = [[0.0; MAX_JOINTS]; MAX_ARMS];
    for (set_point, arm) in set_points.iter_mut().zip(arms) {
        *set_point = arm.home;
    }
    TickOutput {
        set_points,
        state: State::Idle,
        engagement: 0,
        applied: None,
        fault: None,
        paths: [PathHealth::Working; PathId::ALL.len()],
        status: None,
        welcome: None,
    }
}

fn safety_setup(operation: &Operation) -> Setup {
    let bounds = |arm: &Arm| {
        arm.limits.map(|limits| JointBounds {
            lower: limits.lower,
            upper: limits.upper,
            velocity: limits.velocity,
            acceleration: limits.acceleration,
            jerk: limits.jerk,
        })
    };
    Setup {
        tick_ns: operation.control_loop.tick_ns,
        arms: operation
            .arms
            .iter()
            .map(|arm| ArmSetup {
                joint_count: arm.joint_count,
                bounds: bounds(arm),
            })
            .collect(),
        tip_speed_m_s: operation.control_loop.tip_speed_m_s,
    }
}

fn spawn_arm(world: &mut World, index: usize, arm: &Arm) -> Entity {
    let tip = arm.base * arm.tip_pose(&arm.home);
    let at_home = (
        SetPoint(arm.home),
        Measured(arm.home),
        Tip {
            set_point: tip,
            measured: tip,
        },
    );
    world.spawn((ArmIndex(index), Geometry(*arm), at_home)).id()
}

fn arm_state(world: &World, arm: Entity) -> Option<(SetPoint, Measured, Tip)> {
    let entity = world.get_entity(arm).ok()?;
    Some((*entity.get()?, *entity.get()?, *entity.get()?))
}

fn fault_events(schedule: &FaultSchedule, until_ns: u64) -> Vec<Event> {
    let mut events = Vec::new();
    let faults = schedule.faults.iter();
    let faults = faults.map(|fault| (fault.to_string(), fault.at_ms, fault.for_ms));
    let attacks = schedule.attacks.iter();
    let attacks = attacks.map(|attack| (attack.to_string(), attack.at_ms, attack.for_ms));
    for (words, at_ms, for_ms) in faults.chain(attacks) {
        let (begin_ns, end_ns) = (at_ms.ns(), at_ms.ns() + for_ms.ns());
        let begins = Happening::FaultBegins {
            fault: words.clone(),
        };
        events.push(Event {
            at_ns: begin_ns,
            what: begins,
        });
        events.push(Event {
            at_ns: end_ns,
            what: Happening::FaultEnds { fault: words },
        });
    }
    for step in &schedule.console_clock.steps {
        let fault = format!("console clock set by {:.1} ms", step.by_ms.get());
        let what = Happening::FaultBegins { fault };
        let at_ns = step.at_ms.ns();
        events.push(Event { at_ns, what });
    }
    events.retain(|event| event.at_ns < until_ns);
    events
}
