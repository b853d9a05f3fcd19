//! The page for whoever signs: each invariant of the promise with what enforces it, and each fault that shipped in
//! another tool with the test that would find it here. The tests are named as `room::name`; one of them,
//! `architecture::every_test_that_the_promise_names_is_there`, reads this page.
//!
//! # Invariants
//!
//! | nothing gets past this | by type or in one place | tests |
//! |---|---|---|
//! | 1. Only noised values are published. | [`Private`](super::Private) has no way out but the draw; `compile_fail` examples beside it; rooms after the draw may not name what is private. | `private::a_private_value_cannot_be_shown_copied_or_written`, `architecture::no_room_after_the_draw_names_what_is_private`, `noise::no_scale_at_or_near_nothing_and_none_without_end`, `architecture::noise_comes_from_a_secure_generator` |
//! | 2. Contributions are bounded in the engine's plan, before anything is added up. | [`walk::prove`](super::walk::prove) of the very plan that runs; [`Private`](super::Private) is made of its [`Proof`](super::walk::Proof) alone. | `walk::people_rows_and_sums_are_bounded_by_their_plan`, `walk::what_nothing_bounds_is_refused`, `walk::a_mask_is_bounded_by_its_bits`, `walk::a_mask_whose_bits_may_be_read_twice_is_refused`, `walk::what_the_proof_does_not_know_is_refused`, `walk::a_left_join_under_a_further_condition_is_refused_where_a_person_has_several_rows`, `walk::a_bound_that_a_left_join_may_not_bring_is_no_bound`, `neighbours::one_person_moves_no_vector_further_than_its_bounds`, `indifference::which_cells_are_kept_differs_from_person_to_person`, `plan::the_permutation_permutes_and_favours_nobody` |
//! | 3. Cells are a public grid; each is released, zeros included. | `measure::grid` takes no private data. | `neighbours::one_person_moves_no_vector_further_than_its_bounds` (shapes), `leaks::a_board_and_its_neighbour_publish_tables_of_one_shape`, `persons::a_code_that_is_not_declared_counts_as_unknown` |
//! | 4. One person's rows never decide another's. | [`walk`](super::walk) for the engine; a person's own key for everything that must be unique. | `walk::rows_of_different_people_do_not_mix`, `walk::people_without_a_name_are_never_one_person`, `people::of_several_registrations_the_latest_counts`, `linking::a_token_that_two_people_claim_leads_to_both`, `linking::several_registrations_do_not_multiply_rows`, `intake_tests::no_practitioner_sets_aside_another_s_rows` |
//! | 5. Integers all the way to the noise, and no sum wraps. | [`Bounds::check_rows`](super::Bounds::check_rows), asked for by [`Private`](super::Private)'s constructor. | `bounds::rows_at_the_bound_must_fit`, `counting::extreme_values_are_clamped_and_never_wrap`, `bounding::a_sum_that_could_wrap_is_refused_by_the_people_that_it_could_reach` |
//! | 6. The debit is durable before the first noise; the same question has the same answer, for nothing. | a [`Grant`](super::Grant) exists only after the commit, and the draw takes it. | `races::a_process_killed_in_any_state_leaves_one_debit_and_at_most_one_draw`, `crash::a_run_that_is_killed_anywhere_is_taken_up_by_the_next`, `replay::a_second_run_gives_the_same_bytes_at_no_cost`, `replay::a_report_by_another_name_and_in_another_order_is_the_same_question`, `filter_tests::the_same_condition_in_other_words_is_the_same_question`, `ledger::racing_draws_of_one_release_store_one` |
//! | 7. Budget is exact, and charged as OpenDP's map says, rounded up. | [`Exact`](super::Exact); [`calibrate`](super::calibrate). | `noise::the_charge_is_within_the_share_and_wastes_next_to_none`, `noise::noise_that_costs_more_than_its_charge_is_not_drawn`, `noise::text_cannot_smuggle_a_cheap_calibration`, `budget::shares_add_up_exactly`, `errors::a_run_over_budget_is_refused_before_private_data_are_opened`, `ledger::a_late_run_cannot_push_a_later_year_over_its_limit`, `ledger::each_role_is_charged_alone`, `ledger::an_older_copy_of_the_ledger_is_refused_until_the_newest_is_back`, `ledger::an_accepted_loss_counts_as_all_that_may_have_been_spent` |
//! | 8. Errors, logs, sizes, orders and statistics tell nothing. | engine errors are translated by their kind alone; `process` before anything is read. | `leaks::no_identifier_is_left_by_a_run_that_ends_well`, `leaks::no_identifier_is_left_by_a_run_that_is_refused`, `leaks::no_identifier_is_left_by_an_extract_that_cannot_be_used`, `leaks::parquet_holds_no_statistics`, `leaks::what_operators_have_is_theirs_alone_and_what_is_published_is_everyones`, `hardening::a_panic_says_where_and_not_what`, `hardening::no_core_is_left_and_nobody_else_may_look_in`, `hardening::a_key_in_the_environment_is_nowhere_else_however_much_is_logged` |
//! | 9. Intervals, marks and floors act on released values. | `estimate` takes [`Released`](super::Released) only. | `architecture::a_room_imports_as_the_flow_goes`, `plan::the_error_and_the_cost_are_as_foretold_in_rho` |
//! | 10. Identifiers live in `ingest` only. | `ingest` gives keyed pseudonyms; the key has no `Debug`. | `pseudonymise::keys_projects_and_spaces_do_not_join`, `keys::parts_under_two_keys_are_never_joined`, `keys::a_key_that_is_not_fit_for_use`, `interop::linkage_keys_join_as_numbers_do_and_are_not_left_behind`, `interop::digests_join_the_numbers_that_they_were_made_of_and_are_not_left_behind` |
//! | Practitioners too, where a report says so. | a draw needs a proof for every role that its release protects. | `walk::two_roles_are_proved_of_one_plan`, `walk::a_table_without_the_role_moves_nothing`, `bounds::noise_for_two_kinds_of_person_covers_each` |
//!
//! And over all of it, from the outside: `audit_tests::every_cell_has_the_law_of_its_scale`, and an audit of the loss
//! itself from thousands of releases of neighbouring boards (`tests/audit.rs`, through the program, and
//! `privacy/audit_tests.rs`, in process), with false alarms below one in 10^9.
//!
//! # Faults that shipped elsewhere
//!
//! | fault | why not here |
//! |---|---|
//! | Noise and sums in floats (Mironov 2012; arXiv 2207.10635) | whole numbers to the draw, OpenDP's exact discrete samplers: `counting::extreme_values_are_clamped_and_never_wrap`, `audit_tests::every_cell_has_the_law_of_its_scale` |
//! | Distinct after bounding (google/differential-privacy#84) | mixes people's rows, so the walk refuses it: `walk::rows_of_different_people_do_not_mix` |
//! | A bound that survives a rewritten column (opendp#2949) | ranges follow terms, not names: `walk::what_nothing_bounds_is_refused` |
//! | Thresholds for one noise under another (smartnoise#204; opendp#2922) | there is no thresholded release; a `HAVING` over a true count is refused: `walk::what_the_proof_does_not_know_is_refused`, `architecture::nothing_that_is_known_to_be_faulty_is_used` |
//! | Trees with the wrong sensitivity, sums that wrap (opendp#2924, #2925) | not used: `architecture::nothing_that_is_known_to_be_faulty_is_used` |
//! | Join stability: one side of a private join counted | rows a person multiply over a join: `walk::what_nothing_bounds_is_refused`, `linking::several_registrations_do_not_multiply_rows` |
//! | Averaging of noise that is drawn again | the stored draw answers: `replay::a_second_run_gives_the_same_bytes_at_no_cost`, `ledger::a_grant_from_before_a_loss_draws_nothing` |
//! | Null keys that merge or vanish | `walk::people_without_a_name_are_never_one_person`, `people::a_person_who_is_not_registered_is_nowhere_known` |
//! | Group keys from the data | `leaks::a_board_and_its_neighbour_publish_tables_of_one_shape` |
//! | Mislinkage that splits one person in two | one spelling a number, one space a board: `cell::any_bytes_are_read_without_panic`, `pseudonyms::one_table_of_another_kind_as_printed`, `neighbours::one_person_moves_no_vector_further_than_its_bounds` |
//! | A scale of 0 that returns the truth | one gate: `noise::no_scale_at_or_near_nothing_and_none_without_end` |
//! | Scheduler pages that show row counts (Ballista) | the engine runs in this process; a cluster is not there yet |
