//! Why each rule is there.

use std::cell::Cell;

/// The rules that can be suspended, one at a time and in tests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    // Reception and admission.
    Authentication,
    WorkBudget,
    NewestGreeting,
    ForwardJump,
    Order,
    Freshness,
    Engagement,
    PathNews,
    LatentLoss,
    // Interlock.
    FreshGesture,
    RestBeforeFollowing,
    CommandOfThisTick,
    EmergencyStop,
    StopLatch,
    FaultStops,
    FaultLatch,
    NewSession,
    HoldAfterSilence,
    PedalReleases,
    EngagementRises,
    // The watch.
    ClockFault,
    OverrunFault,
    DropoutFault,
    FrozenFault,
    TrackingFault,
    // Following.
    AnchorAtBeginning,
    GripAnchors,
    ReleasedArmStops,
    SlowResume,
    LeastDepth,
    JawPickup,
    // Shaper.
    VelocityLimit,
    AccelerationLimit,
    JerkLimit,
    StopInTime,
    StopInsidePositions,
    TipSpeedLimit,
}

std::thread_local! {
    static SUSPENDED: Cell<Option<Rule>> = const { Cell::new(None) };
}

pub(crate) fn is_suspended(rule: Rule) -> bool {
    SUSPENDED.get() == Some(rule)
}

/// What `work` says while a rule is suspended on this thread.
pub(crate) fn without<T>(rule: Rule, work: impl FnOnce() -> T) -> T {
    struct Reinstated;
    impl Drop for Reinstated {
        fn drop(&mut self) {
            SUSPENDED.set(None);
        }
    }
    let _reinstated = Reinstated;
    SUSPENDED.set(Some(rule));
    work()
}
