//! Everything that is written on the screen, in English and in French.
//!
//! A place for a value is `{}`; both languages have the same number of places.

use std::fmt::Display;

use clap::ValueEnum;
use control_loop::{FaultKind, PathHealth, State, Verdict};
use net_model::{Attack, AttackKind, Fault, FaultKind as NetFault, WhichPaths};
use safety::Id;
use sim::journal::Happening;

/// A language of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    #[value(name = "en")]
    English,
    /// French.
    #[value(name = "fr")]
    French,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::French];

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::English => Self::French,
            Self::French => Self::English,
        }
    }

    /// A text.
    pub const fn say(self, text: Text) -> &'static str {
        match self {
            Self::English => text.english(),
            Self::French => text.french(),
        }
    }

    /// A text with values in its places.
    pub fn say_with(self, text: Text, values: &[&dyn Display]) -> String {
        let mut said = String::new();
        let mut values = values.iter();
        for (index, part) in self.say(text).split("{}").enumerate() {
            if index > 0
                && let Some(value) = values.next()
            {
                said.push_str(&value.to_string());
            }
            said.push_str(part);
        }
        said
    }

    /// A number with so many decimals, with the language's decimal mark.
    pub fn number(self, value: f64, decimals: usize) -> String {
        let text = format!("{value:.decimals$}");
        match self {
            Self::English => text,
            Self::French => text.replace('.', ","),
        }
    }

    /// A colon as the language sets it.
    pub const fn colon(self) -> &'static str {
        match self {
            Self::English => ": ",
            Self::French => " : ",
        }
    }

    /// Milliseconds of a time in ns.
    pub fn ms(self, ns: u64) -> String {
        format!("{} ms", self.number(ns as f64 * 1e-6, 0))
    }

    /// Seconds of a time in ns, to the millisecond.
    pub fn seconds(self, ns: u64) -> String {
        format!("{} s", self.number(ns as f64 * 1e-9, 3))
    }
}

macro_rules! texts {
    ($($key:ident: $english:literal, $french:literal;)*) => {
        /// A text of the screen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Text { $(#[doc = $english] $key,)* }

        impl Text {
            /// Every text.
            pub const ALL: &'static [Self] = &[$(Self::$key,)*];

            const fn english(self) -> &'static str {
                match self { $(Self::$key => $english,)* }
            }

            const fn french(self) -> &'static str {
                match self { $(Self::$key => $french,)* }
            }
        }
    };
}

texts! {
    LoopAndSeed: "loop {}, seed {}", "boucle {}, graine {}";
    Playing: "playing {}×", "lecture {}×";
    Paused: "paused", "en pause";
    Ended: "end of the run", "fin de l'essai";
    TooSlow: "simulation runs at {}× – slower than asked", "simulation à {}× – plus lente que demandé";
    Live: "your hands", "vos mains";
    Earlier: "earlier moment – End: back to now", "moment passé – Fin : retour au présent";
    Scouting: "reading the run: {} %", "lecture de l'essai : {} %";
    Robot: "Robot in Casablanca", "Robot à Casablanca";
    ConsoleShows: "console shows: {}", "la console affiche : {}";
    ConsoleSilent: "console: no answer yet", "console : pas encore de réponse";
    CommandAge: "obeyed command is {} old", "commande suivie : il y a {}";
    CommandNone: "no command obeyed yet", "aucune commande suivie";
    Requirements: "Requirements", "Exigences";
    Held: "holds", "tenue";
    Violated: "VIOLATED", "VIOLÉE";
    NotExercised: "not exercised", "non sollicitée";
    Margin: "{} % left", "reste {} %";
    Worst: "worst margin: {} at {}", "marge la plus faible : {} à {}";
    WorstAt: "worst at {}", "au pire à {}";
    Network: "Network", "Réseau";
    Shanghai: "Shanghai", "Shanghai";
    Casablanca: "Casablanca", "Casablanca";
    PathName: "path {} · {}", "voie {} · {}";
    Redundant: "two paths work", "les deux voies marchent";
    OnePath: "only one path works", "une seule voie marche";
    NoPath: "no path works", "aucune voie ne marche";
    Delay: "one-way delay, ms", "délai aller, ms";
    Loss: "loss, %", "perte, %";
    Age: "age of the obeyed command, ms", "âge de la commande suivie, ms";
    FateAccepted: "accepted", "acceptée";
    FateDuplicate: "duplicate", "double";
    FateLate: "late, stale", "tardive, périmée";
    FateOvertaken: "overtaken", "dépassée";
    FateLost: "lost", "perdue";
    FateForged: "forged, replayed", "falsifiée, rejouée";
    FateStatus: "status, other", "état, autre";
    Picture: "Surgeon's picture", "Image du chirurgien";
    PictureAge: "{} ago", "il y a {}";
    PictureLive: "LIVE", "EN DIRECT";
    PictureDegraded: "DEGRADED", "DÉGRADÉE";
    PictureFrozen: "FROZEN", "FIGÉE";
    GhostDistance: "hand leads by {} mm", "la main devance de {} mm";
    Explanation: "What happens", "Ce qui se passe";
    Promise: "the file says: {} violated at {}", "le fichier dit : {} violée à {}";
    HoldBanner: "The robot holds: no fresh command for {} on either path.", "Le robot s'est arrêté : aucune commande fraîche depuis {} sur les deux voies.";
    HoldDo: "Press the clutch (Space), let go, and it follows again.", "Appuyez sur l'embrayage (Espace), relâchez, et il suit de nouveau.";
    HoldWait: "No path brings anything. Wait for the line or mend it; then press the clutch.", "Aucune voie n'apporte rien. Attendez la ligne ou rétablissez-la, puis appuyez sur l'embrayage.";
    HoldWatch: "Only a new clutch gesture makes it follow again: nothing that is queued can.", "Seul un nouveau geste d'embrayage le fait suivre de nouveau : rien de ce qui attend n'y suffit.";
    AlignBanner: "The robot waits for the clutch.", "Le robot attend l'embrayage.";
    AlignDo: "Press and let go of Space to take hold of the instruments.", "Appuyez sur Espace et relâchez pour prendre les instruments.";
    CoastBanner: "No command for {}: the instruments settle.", "Aucune commande depuis {} : les instruments se posent.";
    FaultBanner: "The robot stopped by itself: {}.", "Le robot s'est arrêté de lui-même : {}.";
    FaultDo: "Somebody at the bedside must look and acknowledge.", "Quelqu'un au chevet doit vérifier et acquitter.";
    StopBanner: "Emergency stop.", "Arrêt d'urgence.";
    StopDo: "Somebody at the bedside must look; a new session begins with F3.", "Quelqu'un au chevet doit vérifier ; une nouvelle séance commence avec F3.";
    IdleBanner: "The console greets the robot.", "La console salue le robot.";
    Play: "Play", "Lecture";
    Pause: "Pause", "Pause";
    TickBack: "Tick back", "Pas arrière";
    TickOn: "Tick", "Pas";
    EventBack: "Previous event", "Événement précédent";
    EventOn: "Next event", "Événement suivant";
    Slower: "Slower", "Plus lent";
    Faster: "Faster", "Plus vite";
    ToStart: "To the start", "Au début";
    ToNewest: "To the newest moment", "Au dernier moment";
    TakeOver: "Take the console", "Prendre la console";
    Save: "Save", "Enregistrer";
    Saved: "saved as {}", "enregistré : {}";
    NotSaved: "not saved: {}", "non enregistré : {}";
    Help: "Keys", "Touches";
    LanguageName: "Français", "English";
    ViewOverview: "Room", "Salle";
    ViewSurgeon: "Beside", "À côté";
    ViewPatient: "Patient", "Patient";
    ViewCart: "Cart", "Chariot";
    ViewTop: "Top", "Dessus";
    CutA: "Cut A", "Couper A";
    CutB: "Cut B", "Couper B";
    CutBoth: "Cut both", "Couper A+B";
    AddDelay: "Delay +150 ms", "Délai +150 ms";
    AddLoss: "Loss 30 %", "Perte 30 %";
    AddDuplicates: "Duplicates", "Doubles";
    ReplayAttack: "Replay attack", "Rejeu hostile";
    RouteStep: "Route +85", "Trajet +85";
    Clutch: "Clutch", "Embrayage";
    Camera: "Camera", "Caméra";
    SwapArm: "Swap arm", "Changer de bras";
    OtherHand: "Other hand", "Autre main";
    Stop: "STOP", "ARRÊT";
    LeftHand: "left hand: {}", "main gauche : {}";
    RightHand: "right hand: {}", "main droite : {}";
    NoArm: "nothing", "rien";
    Scale: "scale {} (scenario {}, hand {})", "échelle {} (scénario {}, main {})";
    HelpTitle: "Keys and mouse", "Touches et souris";
    HelpClose: "F1 closes this", "F1 ferme cette page";
    KeySpacePlay: "Space|play or pause (watching)", "Espace|lecture ou pause (en regardant)";
    KeyTick: ". and ,|one tick on, one tick back", ". et ,|un pas en avant, un pas en arrière";
    KeySpeed: "+ and −|faster, slower (0.05× to 20×)", "+ et −|plus vite, plus lent (0,05× à 20×)";
    KeyEvent: "N and P|next event, previous event", "N et P|événement suivant, précédent";
    KeyEnds: "Home and End|start, newest moment", "Début et Fin|début, dernier moment";
    KeyTimeline: "drag on the timeline|any moment of the run", "glisser sur la ligne du temps|tout moment de l'essai";
    KeyViews: "F6 to F10|camera: room, beside, patient, cart, top", "F6 à F10|caméra : salle, à côté, patient, chariot, dessus";
    KeyOrbit: "right or middle drag, wheel|turn, shift, zoom the camera", "glisser droit ou milieu, molette|tourner, décaler, zoomer";
    KeyDrag: "left drag, wheel meanwhile|move the held instrument and its depth, in the room or the picture", "glisser gauche, avec molette|bouger l'instrument tenu et sa profondeur, dans la salle ou l'image";
    KeyArrows: "arrows, Page up and down|move it by keys; with Shift turn it", "flèches, page haut et bas|bouger par touches ; avec Maj tourner";
    KeyJaw: "Q and E|close, open the jaw", "Q et E|fermer, ouvrir la pince";
    KeyClutch: "Space (your hands)|clutch pedal: hold to free the hands", "Espace (vos mains)|pédale d'embrayage : maintenir pour libérer les mains";
    KeyCamera: "C|camera pedal: both hands move the endoscope", "C|pédale caméra : les deux mains bougent l'endoscope";
    KeySwap: "Tab, H|take the free instrument, other hand", "Tab, H|prendre l'instrument libre, autre main";
    KeyScale: "G|scale of the hand: whole, half, a quarter", "G|échelle de la main : entière, moitié, quart";
    KeyStop: "Esc or X|emergency stop", "Échap ou X|arrêt d'urgence";
    KeyCut: "1, 2, 3|cut path A, B, both; again: mend", "1, 2, 3|couper la voie A, B, les deux ; encore : rétablir";
    KeyTrouble: "D, L, U, T|delay, loss, duplicates, route step", "D, L, U, T|délai, perte, doubles, changement de route";
    KeyReplay: "R|replay attack", "R|attaque par rejeu";
    KeyLanguage: "F2|français", "F2|English";
    KeyTakeOver: "F3|take the console: a new session with your hands", "F3|prendre la console : nouvelle séance avec vos mains";
    KeySave: "F5|save this session as a file that replays", "F5|enregistrer la séance dans un fichier rejouable";
    RecordingHolds: "replayed bit for bit as recorded", "rejoué bit pour bit comme enregistré";
    RecordingDiffers: "differs from the recording: program or scenario changed", "diffère de l'enregistrement : programme ou scénario changé";
    PathA: "path A", "voie A";
    PathB: "path B", "voie B";
    BothPaths: "both paths", "les deux voies";
}

/// The names of the interlock's states.
pub const fn state(language: Language, state: State) -> &'static str {
    match (language, state) {
        (Language::English, State::Idle) => "IDLE",
        (Language::English, State::Aligning) => "WAITS FOR CLUTCH",
        (Language::English, State::Following) => "FOLLOWS",
        (Language::English, State::Coasting) => "COASTS",
        (Language::English, State::Holding) => "HOLDS",
        (Language::English, State::Faulted) => "FAULT",
        (Language::English, State::Stopped) => "STOPPED",
        (Language::French, State::Idle) => "EN VEILLE",
        (Language::French, State::Aligning) => "ATTEND L'EMBRAYAGE",
        (Language::French, State::Following) => "SUIT",
        (Language::French, State::Coasting) => "SE POSE",
        (Language::French, State::Holding) => "MAINTIENT",
        (Language::French, State::Faulted) => "DÉFAUT",
        (Language::French, State::Stopped) => "ARRÊTÉ",
    }
}

/// What a requirement guards against, in a few words.
pub const fn requirement(language: Language, id: Id) -> &'static str {
    match language {
        Language::English => match id {
            Id::R01 => "no stale command",
            Id::R02 => "no old or repeated command",
            Id::R03 => "no jump",
            Id::R04 => "joints in their limits",
            Id::R05 => "link lost: stops in time",
            Id::R06 => "no creep in a hold",
            Id::R07 => "never resumes by itself",
            Id::R09 => "twice is once",
            Id::R12 => "no forged command",
            Id::R14 => "abdominal wall spared",
            Id::R15 => "arms stay clear",
            Id::R16 => "tissue force",
            Id::R17 => "not following is told",
            Id::R18 => "follows when it can",
            Id::R19 => "lost redundancy is told",
            Id::R21 => "flood bears no harm",
            Id::R22 => "numbers are sound",
        },
        Language::French => match id {
            Id::R01 => "pas de commande périmée",
            Id::R02 => "pas de commande répétée",
            Id::R03 => "pas de saut",
            Id::R04 => "limites des articulations",
            Id::R05 => "liaison perdue : arrêt à temps",
            Id::R06 => "pas de dérive à l'arrêt",
            Id::R07 => "ne repart jamais seul",
            Id::R09 => "deux fois vaut une fois",
            Id::R12 => "pas de commande falsifiée",
            Id::R14 => "paroi abdominale épargnée",
            Id::R15 => "bras à distance",
            Id::R16 => "force sur le tissu",
            Id::R17 => "ne pas suivre est signalé",
            Id::R18 => "suit quand il le peut",
            Id::R19 => "redondance perdue signalée",
            Id::R21 => "l'inondation ne nuit pas",
            Id::R22 => "nombres valides",
        },
    }
}

/// What a path is worth.
pub const fn path_health(language: Language, health: PathHealth) -> &'static str {
    match (language, health) {
        (Language::English, PathHealth::Working) => "working",
        (Language::English, PathHealth::Losing) => "losing",
        (Language::English, PathHealth::Silent) => "silent",
        (Language::French, PathHealth::Working) => "en service",
        (Language::French, PathHealth::Losing) => "pertes",
        (Language::French, PathHealth::Silent) => "muette",
    }
}

/// What is wrong with the robot.
pub const fn robot_fault(language: Language, kind: FaultKind) -> &'static str {
    match (language, kind) {
        (Language::English, kind) => kind.name(),
        (Language::French, FaultKind::ClockBackwards) => "l'horloge a reculé",
        (Language::French, FaultKind::TickOverrun) => "cycle dépassé",
        (Language::French, FaultKind::SensorDropout) => "capteur sans mesure",
        (Language::French, FaultKind::SensorFrozen) => "capteur figé",
        (Language::French, FaultKind::TrackingError) => "écart de suivi",
    }
}

/// A verdict of admission.
pub const fn verdict(language: Language, verdict: Verdict) -> &'static str {
    match (language, verdict) {
        (Language::English, verdict) => verdict.name(),
        (Language::French, Verdict::Accepted) => "acceptée",
        (Language::French, Verdict::Duplicate) => "double",
        (Language::French, Verdict::Late) => "tardive",
        (Language::French, Verdict::Overtaken) => "dépassée",
        (Language::French, Verdict::Stale) => "périmée",
        (Language::French, Verdict::Forged) => "falsifiée",
        (Language::French, Verdict::WrongEpoch) => "autre époque",
        (Language::French, Verdict::WrongEngagement) => "engagement terminé",
        (Language::French, Verdict::Malformed) => "malformée",
        (Language::French, Verdict::Jump) => "saut",
        (Language::French, Verdict::Greeting) => "salutation",
        (Language::French, Verdict::Flooded) => "noyée",
    }
}

/// Which paths.
pub const fn paths(language: Language, paths: WhichPaths) -> &'static str {
    language.say(match paths {
        WhichPaths::A => Text::PathA,
        WhichPaths::B => Text::PathB,
        WhichPaths::Both => Text::BothPaths,
    })
}

/// A fault of the schedule in words.
pub fn network_fault(language: Language, fault: &Fault) -> String {
    let ms = |value: f64| format!("{} ms", language.number(value, 0));
    let what = match (language, fault.kind) {
        (Language::English, NetFault::Outage) => "cut".into(),
        (Language::French, NetFault::Outage) => "coupure".into(),
        (Language::English, NetFault::Clog) => "clog".into(),
        (Language::French, NetFault::Clog) => "engorgement".into(),
        (Language::English, NetFault::AddDelay { ms: by, .. }) => {
            format!("delay +{}", ms(by.get()))
        }
        (Language::French, NetFault::AddDelay { ms: by, .. }) => format!("délai +{}", ms(by.get())),
        (Language::English, NetFault::AddJitter { mean_ms }) => {
            format!("jitter {}", ms(mean_ms.get()))
        }
        (Language::French, NetFault::AddJitter { mean_ms }) => {
            format!("gigue {}", ms(mean_ms.get()))
        }
        (Language::English, NetFault::Loss { probability }) => {
            format!("loss {} %", language.number(100.0 * probability.get(), 0))
        }
        (Language::French, NetFault::Loss { probability }) => {
            format!("perte {} %", language.number(100.0 * probability.get(), 0))
        }
        (Language::English, NetFault::Duplicate { .. }) => "duplicates".into(),
        (Language::French, NetFault::Duplicate { .. }) => "doubles".into(),
        (Language::English, NetFault::ShorterRoute { ms: by }) => {
            format!("route −{}", ms(by.get()))
        }
        (Language::French, NetFault::ShorterRoute { ms: by }) => format!("route −{}", ms(by.get())),
        (Language::English, NetFault::Drift { ms: by }) => format!("drift +{}", ms(by.get())),
        (Language::French, NetFault::Drift { ms: by }) => format!("dérive +{}", ms(by.get())),
        (Language::English, NetFault::Flap { .. }) => "flapping".into(),
        (Language::French, NetFault::Flap { .. }) => "battement".into(),
        (Language::English, NetFault::Switch { .. }) => "fallback".into(),
        (Language::French, NetFault::Switch { .. }) => "basculement".into(),
        (Language::English, NetFault::Handovers { .. }) => "satellite handovers".into(),
        (Language::French, NetFault::Handovers { .. }) => "relais de satellites".into(),
        (Language::English, NetFault::Congestion { .. }) => "congestion".into(),
        (Language::French, NetFault::Congestion { .. }) => "congestion".into(),
    };
    format!("{what}, {}", paths(language, fault.paths))
}

/// An attack of the schedule in words.
pub fn network_attack(language: Language, attack: &Attack) -> String {
    let what = match (language, attack.kind) {
        (Language::English, AttackKind::Replay { .. }) => "replay",
        (Language::French, AttackKind::Replay { .. }) => "rejeu",
        (Language::English, AttackKind::Recording) => "recording sent again",
        (Language::French, AttackKind::Recording) => "enregistrement renvoyé",
        (Language::English, AttackKind::Forge { .. }) => "forged frames",
        (Language::French, AttackKind::Forge { .. }) => "trames falsifiées",
        (Language::English, AttackKind::FlipBit { .. }) => "flipped bits",
        (Language::French, AttackKind::FlipBit { .. }) => "bits inversés",
        (Language::English, AttackKind::Truncate { .. }) => "frames cut short",
        (Language::French, AttackKind::Truncate { .. }) => "trames tronquées",
        (Language::English, AttackKind::Reflect) => "reflected frames",
        (Language::French, AttackKind::Reflect) => "trames réfléchies",
        (Language::English, AttackKind::Flood { .. }) => "flood",
        (Language::French, AttackKind::Flood { .. }) => "inondation",
        (Language::English, AttackKind::Delay { .. }) => "frames held back",
        (Language::French, AttackKind::Delay { .. }) => "trames retenues",
        (Language::English, AttackKind::Swap) => "paths exchanged",
        (Language::French, AttackKind::Swap) => "voies échangées",
        (Language::English, AttackKind::Block) => "everything blocked",
        (Language::French, AttackKind::Block) => "tout bloqué",
    };
    let attack_word = match language {
        Language::English => "attack",
        Language::French => "attaque",
    };
    let colon = language.colon();
    format!(
        "{attack_word}{colon}{what}, {}",
        paths(language, attack.paths)
    )
}

/// An event in words, if it is told: faults of the schedule are told by [`network_fault`].
pub fn event(language: Language, what: &Happening) -> Option<String> {
    let path = |path: usize| language.say(if path == 0 { Text::PathA } else { Text::PathB });
    Some(match (what, language) {
        (Happening::PedalPressed, Language::English) => "clutch pressed".into(),
        (Happening::PedalPressed, Language::French) => "embrayage appuyé".into(),
        (Happening::Gesture { clutch, .. }, Language::English) => {
            format!("clutch gesture {clutch}")
        }
        (Happening::Gesture { clutch, .. }, Language::French) => {
            format!("geste d'embrayage {clutch}")
        }
        (Happening::StateChanged { to, .. }, _) => {
            format!("robot{}{}", language.colon(), state(language, *to))
        }
        (
            Happening::Refused {
                path: on,
                verdict: why,
                frames,
                ..
            },
            Language::English,
        ) => {
            format!(
                "{}: {frames} refused, {}",
                path(*on),
                verdict(language, *why)
            )
        }
        (
            Happening::Refused {
                path: on,
                verdict: why,
                frames,
                ..
            },
            Language::French,
        ) => {
            format!(
                "{} : {frames} refus, {}",
                path(*on),
                verdict(language, *why)
            )
        }
        (Happening::CameraPedal { pressed: true }, Language::English) => {
            "camera pedal pressed".into()
        }
        (Happening::CameraPedal { pressed: true }, Language::French) => {
            "pédale caméra appuyée".into()
        }
        (Happening::CameraPedal { pressed: false }, Language::English) => {
            "camera pedal released".into()
        }
        (Happening::CameraPedal { pressed: false }, Language::French) => {
            "pédale caméra relâchée".into()
        }
        (Happening::ArmSwap { arm, .. }, Language::English) => {
            format!("a hand takes arm {}", arm + 1)
        }
        (Happening::ArmSwap { arm, .. }, Language::French) => {
            format!("une main prend le bras {}", arm + 1)
        }
        (Happening::PathHealth { path: on, health }, _) => {
            format!(
                "{}{}{}",
                path(*on),
                language.colon(),
                path_health(language, *health)
            )
        }
        (Happening::Fault { fault }, _) => robot_fault(language, fault.kind).into(),
        (Happening::Violated { id }, _) => format!("{id} {}", language.say(Text::Violated)),
        (Happening::FaultBegins { .. } | Happening::FaultEnds { .. }, _) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and words that are the same in both languages.
    const SAME: [Text; 5] = [
        Text::Shanghai,
        Text::Casablanca,
        Text::Pause,
        Text::ViewPatient,
        Text::Delay,
    ];

    #[test]
    fn no_text_is_missing_in_either_language_and_values_have_the_same_places() {
        for text in Text::ALL {
            let [english, french] = Language::ALL.map(|language| language.say(*text));
            assert!(
                !english.trim().is_empty() && !french.trim().is_empty(),
                "{text:?}"
            );
            assert_eq!(
                english.matches("{}").count(),
                french.matches("{}").count(),
                "{text:?}"
            );
            assert_eq!(
                english.matches('|').count(),
                french.matches('|').count(),
                "{text:?}"
            );
            let may_be_same = SAME.contains(text);
            assert!(
                may_be_same || english != french,
                "{text:?} is not translated"
            );
        }
    }

    #[test]
    fn every_requirement_state_verdict_and_fault_has_a_name_of_its_own_in_both() {
        for language in Language::ALL {
            let mut names: Vec<&str> = Id::ALL
                .iter()
                .map(|id| requirement(language, *id))
                .collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), Id::ALL.len());
            let mut states: Vec<&str> = State::ALL.iter().map(|it| state(language, *it)).collect();
            states.sort_unstable();
            states.dedup();
            assert_eq!(states.len(), State::ALL.len());
            for it in Verdict::ALL {
                assert!(!verdict(language, it).is_empty());
            }
            for it in FaultKind::ALL {
                assert!(!robot_fault(language, it).is_empty());
            }
            for it in PathHealth::ALL {
                assert!(!path_health(language, it).is_empty());
            }
        }
    }

    #[test]
    fn values_are_put_in_their_places_with_the_language_s_decimal_mark() {
        let said = Language::French.say_with(Text::Worst, &[&"3", &"4"]);
        assert_eq!(said, "marge la plus faible : 3 à 4");
        assert_eq!(Language::French.number(1.25, 2), "1,25");
        assert_eq!(Language::English.number(1.25, 2), "1.25");
    }
}
