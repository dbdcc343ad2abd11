//! Numbers in text, exactly.

/// A decimal number of units of 10^-`digits` s (0: seconds, 9: nanoseconds) as whole nanoseconds, rounded toward zero.
/// Never through a float: Unix time in ns exceeds 2^53.
pub(crate) fn decimal_ns(text: &str, digits: u32) -> Option<i64> {
    let (is_negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let places = 9_usize.checked_sub(digits as usize)?;
    let mut ns: i64 = 0;
    let padded = fraction.bytes().chain(std::iter::repeat(b'0')).take(places);
    for digit in whole.bytes().chain(padded) {
        ns = ns.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
    }
    Some(if is_negative { -ns } else { ns })
}

/// NTP fixed point (high 32 bits seconds since 1900, low 32 a fraction) as Unix nanoseconds, rounded to nearest.
pub(crate) fn ntp_unix_ns(time: u64) -> i64 {
    /// Seconds from 1900 to 1970 (RFC 5905).
    const UNIX_EPOCH_S: i64 = 2_208_988_800;
    let seconds = (time >> 32) as i64 - UNIX_EPOCH_S;
    let fraction = time & 0xffff_ffff;
    let fraction_ns = (fraction * 1_000_000_000 + (1 << 31)) >> 32;
    seconds * 1_000_000_000 + fraction_ns as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_times_keep_every_nanosecond() {
        assert_eq!(
            decimal_ns("1795500509.382876123", 0),
            Some(1_795_500_509_382_876_123)
        );
        assert_eq!(decimal_ns("0.273", 3), Some(273_000));
        assert_eq!(decimal_ns("-1.5", 6), Some(-1_500));
        assert_eq!(decimal_ns(".5", 3), Some(500_000));
        for wrong in ["", ".", "-", "1e3", "1.2.3", "99999999999999999999"] {
            assert_eq!(decimal_ns(wrong, 0), None, "{wrong}");
        }
    }

    #[test]
    fn ntp_time_counts_from_1900() {
        assert_eq!(ntp_unix_ns(2_208_988_800 << 32), 0);
        assert_eq!(ntp_unix_ns((2_208_988_801 << 32) | 1 << 31), 1_500_000_000);
    }
}
