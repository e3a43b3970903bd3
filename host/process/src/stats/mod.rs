//! The statistics of an experiment: shares, means and paired differences, each with a 95 % confidence interval.
//!
//! | figure | method | source |
//! |---|---|---|
//! | share, for these tasks | Wilson's score interval | Wilson 1927; Newcombe 1998 |
//! | share, for tasks like these | Wilson's with the effective number of runs and Student's t | Kish 1965; Franco and others 2019 |
//! | mean | Student's t from 6 values on | Student 1908 |
//! | ratio of two sums | bootstrap by task, expanded percentiles | Davison and Hinkley 1997; Hesterberg 2015 |
//! | difference of paired shares | Tango's score interval, McNemar's mid-p test | Tango 1998; Fagerland and others 2013 |
//! | difference of paired means | Student's t of the differences | Student 1908 |
//! | several comparisons | Holm's correction | Holm 1979 |
//! | pairs needed | Connor's for shares, Guenther's for means | Connor 1987; Guenther 1981 |
//!
//! The tests compare each method with figures of scipy and statsmodels. A figure that the data do not allow is `None`:
//! below [`MIN_VALUES`] values there is no interval for a mean. Pure: the bootstrap uses a generator with a fixed seed.
//! Cannot fail.

mod bootstrap;
mod distribution;
mod holm;
mod levels;
mod mean;
mod paired;
mod power;
mod share;
#[cfg(test)]
mod tests;

pub use bootstrap::{Ratio, ratio_by_cluster};
pub use holm::holm;
pub use levels::{ALPHA, MIN_VALUES};
pub use mean::{Mean, deviation};
pub use paired::{PairedDifference, Pairs, Test, paired_means};
pub use power::{pairs_for_mean, pairs_for_shares, smallest_mean, smallest_shares};
pub use share::Share;
