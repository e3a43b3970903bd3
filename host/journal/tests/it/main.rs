//! Integration tests: one suite that runs against every implementation, and tests of the database file.
//!
//! A new implementation adds a [`places::Place`] and its name in [`suites`].
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

mod budgets;
mod events;
mod faults;
mod file;
mod forks;
mod golden;
mod hostile;
mod imports;
mod in_use;
mod interleavings;
mod killed;
mod ownership;
mod places;
mod reading;
mod removal;
mod rows;

/// Runs the suite against one implementation.
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
            events {
                returns_events_with_number_and_time
                every_kind_of_event_round_trips
                returns_events_after_a_number
                links_cover_all_earlier_events
                unknown_runs_have_no_events
                rejects_appends_at_a_taken_number
                rejects_appends_that_leave_a_gap
                stores_blobs_once_by_digest
                blobs_of_25_mb_round_trip
                appends_without_events_store_blobs
                lists_runs_with_events_newest_first
                lists_the_newest_runs_made_here
                submitted_appends_are_answered_in_order
                submitted_appends_become_durable_without_waiting
                one_conflict_fails_alone_among_many_appends
                events_survive_reopening
                handles_see_each_others_writes
                abandoned_appends_do_no_harm
                rejects_events_of_newer_formats
            }
            ownership {
                only_owners_can_append
                rejects_stale_owners_forever
                runs_have_one_owner_at_a_time
                owner_queries_do_not_acquire_the_run
                released_runs_get_a_higher_fence
                cancel_requests_last_until_the_next_owner
                unknown_runs_cannot_be_cancelled
                cancel_requests_reach_the_receiver_of_the_run
                cancel_requests_of_another_handle_arrive_soon
                acquiring_a_run_clears_its_cancel_request
            }
            budgets {
                reservations_of_all_runs_stay_within_the_limits
                settled_reservations_give_back_the_rest
                only_the_owner_of_a_run_reserves
                a_new_owner_replaces_abandoned_reservations
                limits_that_were_set_last_hold
                removed_runs_use_nothing
            }
            forks {
                fork_shares_events_and_appends_its_own
                fork_continues_the_chain_of_its_origin
                origin_and_fork_are_independent
                forks_of_forks_share_their_ancestors_events
                lists_forks_and_origins
                invalid_forks_write_nothing
            }
            imports {
                imported_runs_are_equal_and_can_go_on
                repeated_import_adds_missing_blobs
                rejects_imports_that_differ
                rejects_imports_of_incomplete_runs
                imported_forks_become_independent_runs
                rejects_imports_of_owned_runs
                imported_runs_are_marked_for_good
                forks_of_imported_runs_count_as_imported
            }
            removal {
                lists_blobs_with_their_sizes
                removes_only_the_listed_runs_and_blobs
                keeps_blobs_that_events_name
                keeps_runs_that_have_forks
                failed_removal_removes_nothing
                intact_journal_has_no_faults
            }
        }
    )* };
}

suites! { memory folder }
