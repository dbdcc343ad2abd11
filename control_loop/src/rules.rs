//! How a rule is written down, so that its need can be shown.
//!
//! Every rule that keeps the robot safe is named where it decides. In the crate itself the name is a
//! comment that the compiler checks; in its own unit tests one rule at a time can be suspended, and
//! `necessity` shows the schedule in which the loop without it becomes unsafe.

/// A condition that must hold: true when it does, and when the rule is suspended.
macro_rules! requires {
    ($rule:ident, $condition:expr) => {{
        let held: bool = $condition;
        #[cfg(test)]
        let held = held || $crate::necessity::is_suspended($crate::necessity::Rule::$rule);
        held
    }};
}

/// A condition that sets a rule off: false when it does not hold, and when the rule is suspended.
macro_rules! triggers {
    ($rule:ident, $condition:expr) => {{
        let set_off: bool = $condition;
        #[cfg(test)]
        let set_off = set_off && !$crate::necessity::is_suspended($crate::necessity::Rule::$rule);
        set_off
    }};
}

pub(crate) use {requires, triggers};
