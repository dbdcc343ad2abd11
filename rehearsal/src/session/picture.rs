//! The surgeon's picture: which moment it shows, and whether it still comes.
//!
//! Where a link has a bottleneck, `net_model` sends a video through it frame by frame, and the picture is the newest
//! frame that came through. Everywhere else nothing models the video, and it is taken to be as old as the robot's newest
//! status at the console: that travels the same way at the same time.

use std::collections::VecDeque;
use std::sync::Arc;

use net_model::{Direction, PATHS};
use sim::state::{ConsoleEnd, Paths};
use sim::{Operation, Twin};

use crate::scene::{Picture, SceneFrame};

/// From the endoscope to the network and from the network to the eye, ns: Toumai's published bound of the picture's
/// local latency is 50 ms.
pub const IMAGING_NS: u64 = 50_000_000;

/// A picture that has shown nothing new for so long is told as frozen, ns. Assumed.
pub const FROZEN_NS: u64 = 300_000_000;

/// A damaged frame is felt for so long, ns. Assumed.
const DAMAGE_FELT_NS: u64 = 200_000_000;

/// Frames of the scene are kept so far apart, ns, and so long: longer than a picture stays alive.
const KEPT_EVERY_NS: u64 = 5_000_000;
const KEPT_FRAMES: usize = 800;

/// What the surgeon sees.
#[derive(Clone, Debug, Default)]
pub struct SurgeonsView {
    kept: VecDeque<Arc<SceneFrame>>,
    shown: Option<Arc<SceneFrame>>,
    /// When the picture last became newer.
    renewed_ns: u64,
    videos: [VideoOnItsWay; PATHS],
    damaged_until_ns: u64,
}

/// Frames of a video that left a bottleneck, and when they come through.
#[derive(Clone, Debug, Default)]
struct VideoOnItsWay {
    last_number: Option<u64>,
    under_way: VecDeque<VideoArrival>,
    newest_ns: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct VideoArrival {
    captured_ns: u64,
    arrives_ns: u64,
    damaged: bool,
}

impl SurgeonsView {
    /// Whether a frame of the scene is to be kept at this moment.
    pub fn wants(&self, now_ns: u64) -> bool {
        self.kept
            .back()
            .is_none_or(|kept| now_ns >= kept.at_ns + KEPT_EVERY_NS)
    }

    /// Keeps a frame of the scene, to be shown when its picture arrives.
    pub fn keep(&mut self, frame: Arc<SceneFrame>) {
        if self.kept.len() == KEPT_FRAMES {
            self.kept.pop_front();
        }
        self.kept.push_back(frame);
    }

    /// Follows one tick.
    pub fn follow(&mut self, twin: &Twin, operation: &Operation) {
        let now_ns = twin.now_ns();
        let world = twin.world();
        let heard_ns = world
            .resource::<ConsoleEnd>()
            .console
            .newest_status()
            .map(|status| status.robot_time_ns);
        let mut seen_ns = heard_ns;
        let network = &world.resource::<Paths>().network;
        let mut newest_video = None;
        for (path, video) in self.videos.iter_mut().enumerate() {
            let Some((_, counters)) = network.load(path, Direction::Down) else {
                continue;
            };
            let wire_ns = operation.paths[path].down.base_one_way.ns();
            if let Some(frame) = counters.last
                && video.last_number != Some(frame.number)
            {
                video.last_number = Some(frame.number);
                video.under_way.push_back(VideoArrival {
                    captured_ns: frame.captured_ns,
                    arrives_ns: frame.out_of_queue_ns + wire_ns,
                    damaged: frame.damaged,
                });
            }
            while video
                .under_way
                .front()
                .is_some_and(|frame| frame.arrives_ns <= now_ns)
            {
                let Some(frame) = video.under_way.pop_front() else {
                    break;
                };
                video.newest_ns = Some(frame.captured_ns);
                if frame.damaged {
                    self.damaged_until_ns = now_ns + DAMAGE_FELT_NS;
                }
            }
            newest_video = newest_video.max(video.newest_ns);
        }
        // A cut line brings neither: the queue's video knows of no cut, the status does.
        if let Some(video_ns) = newest_video {
            seen_ns = seen_ns.map(|status_ns| status_ns.min(video_ns));
        }
        let Some(wanted_ns) = seen_ns.and_then(|seen_ns| seen_ns.checked_sub(IMAGING_NS)) else {
            return;
        };
        let place = self.kept.partition_point(|kept| kept.at_ns <= wanted_ns);
        let Some(frame) = place.checked_sub(1).and_then(|place| self.kept.get(place)) else {
            return;
        };
        if self
            .shown
            .as_ref()
            .is_none_or(|shown| frame.at_ns > shown.at_ns)
        {
            self.shown = Some(Arc::clone(frame));
            self.renewed_ns = now_ns;
        }
    }

    /// What is on the surgeon's screen, once anything is.
    pub fn shown(&self) -> Option<&SceneFrame> {
        self.shown.as_deref()
    }

    /// The picture's state.
    pub fn state(&self, now_ns: u64) -> Picture {
        if now_ns > self.renewed_ns + FROZEN_NS {
            Picture::Frozen
        } else if now_ns < self.damaged_until_ns {
            Picture::Degraded
        } else {
            Picture::Live
        }
    }

    /// How old what is shown is, ns; since the start while nothing is.
    pub fn age_ns(&self, now_ns: u64) -> u64 {
        let shown_ns = self.shown.as_ref().map_or(0, |shown| shown.at_ns);
        now_ns.saturating_sub(shown_ns)
    }
}
