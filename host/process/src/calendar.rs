//! Formats Unix time as dates, without a dependency on a calendar library or the system's time zone.

/// Formats Unix milliseconds as `2026-01-31 14:05 UTC`. Seconds are cut off.
pub fn format_utc(unix_ms: u64) -> String {
    let minutes = unix_ms / 60_000;
    let (hour, minute) = (minutes / 60 % 24, minutes % 60);
    // Days since 0000-03-01, so that a leap day is the last of its year.
    let days = minutes / 1_440 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_dates_and_leap_days() {
        assert_eq!(format_utc(0), "1970-01-01 00:00 UTC");
        assert_eq!(format_utc(951_827_640_000), "2000-02-29 12:34 UTC");
        assert_eq!(format_utc(1_709_210_100_000), "2024-02-29 12:35 UTC");
        assert_eq!(format_utc(1_798_761_599_000), "2026-12-31 23:59 UTC");
    }
}
