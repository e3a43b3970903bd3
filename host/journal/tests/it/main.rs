//! One suite of behaviours that every journal must show, run against each of them, and what only the file can show.
//!
//! A journal that comes later joins by a [`places::Place`] and a line in [`suite`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod behaviours;
mod faults;
mod file;
mod forks;
mod golden;
mod imports;
mod in_use;
mod interleavings;
mod killed;
mod places;
mod reading;
mod removal;

/// Runs every behaviour against the journals of one sort.
macro_rules! suite {
    ($place:ident: $($group:ident { $($behaviour:ident)* })*) => {
        mod $place {
            $( $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    crate::$group::$behaviour(&crate::places::$place()).await;
                }
            )* )*
        }
    };
}

macro_rules! suites {
    ($($place:ident)*) => { $(
        suite! { $place:
            behaviours {
                events_come_back_as_they_were_with_numbers_from_one_and_their_time
                every_sort_of_event_comes_back_as_it_was
                events_after_a_number_are_those_that_follow_it
                events_are_stored_with_links_that_stand_for_all_that_went_before
                a_run_that_does_not_exist_has_no_events
                an_append_at_a_number_that_is_taken_is_refused_and_nothing_is_written
                an_append_that_would_leave_a_gap_is_refused
                only_an_owner_can_append
                a_stale_owner_is_refused_in_words_for_ever
                a_run_is_owned_once_at_a_time
                looking_for_an_owner_does_not_take_the_run
                a_run_that_is_given_free_can_be_taken_again_with_a_higher_fence
                blobs_come_back_by_digest_and_are_stored_once
                a_blob_of_25_mb_comes_back_whole
                an_append_without_events_stores_its_blobs
                runs_are_listed_newest_first_once_they_have_events
                many_runs_append_at_once_and_one_conflict_fails_alone
                a_word_to_cancel_reaches_the_owner_and_ends_with_the_ownership
                a_run_that_does_not_exist_cannot_be_cancelled
                cancel_requests_reach_the_receiver_of_the_run
                cancel_requests_of_another_handle_arrive_soon
                acquiring_a_run_clears_its_cancel_request
                what_was_written_is_there_after_opening_again
                two_handles_see_what_the_other_writes
                an_append_that_nobody_waits_for_does_no_harm
                events_of_a_newer_format_are_refused_in_words
            }
            forks {
                a_fork_has_the_first_events_of_its_origin_and_goes_on_with_its_own
                the_chain_of_a_fork_goes_on_from_its_origins_link
                origin_and_fork_go_on_without_noticing_each_other
                forks_of_forks_share_what_their_line_shares
                forks_and_origins_are_told
                what_a_fork_cannot_be_is_said_in_words_and_nothing_is_written
            }
            imports {
                a_run_that_was_carried_here_is_the_run_it_was_and_goes_on
                a_run_that_is_here_already_is_left_and_its_missing_blobs_are_added
                a_run_that_is_here_with_other_events_is_refused_from_where_they_differ
                what_is_no_whole_run_is_refused_and_nothing_is_taken
                a_fork_that_is_carried_away_is_a_run_of_its_own
                a_run_that_somebody_is_about_to_begin_is_not_imported
            }
            removal {
                blobs_are_listed_with_their_sizes
                what_is_removed_is_gone_and_the_rest_stays
                a_blob_that_an_event_names_stays_whatever_the_caller_thinks
                a_run_is_not_removed_from_under_its_forks
                what_cannot_be_removed_is_said_in_words_and_nothing_is_removed
                a_journal_that_is_whole_has_no_faults
            }
        }
    )* };
}

suites! { memory folder }
