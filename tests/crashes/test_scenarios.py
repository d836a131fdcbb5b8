"""What can go wrong between a person, the product, its database and LaunchDarkly, and which tests prove the outcome."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.product import ROOT

#: Scenario → the tests that prove what comes of it, each as ``file::name``.
SCENARIOS: Mapping[str, tuple[str, ...]] = {
    "R1 no name, no connection, no trusted TLS: not sent, and the form can be sent again": (
        "launchdarkly/test_outcomes.py::test_nobody_listening_means_not_sent",
        "launchdarkly/test_outcomes.py::test_a_name_that_nobody_has_means_not_sent",
        "launchdarkly/test_outcomes.py::test_a_certificate_that_nobody_trusts_means_not_sent",
        "launchdarkly/test_outcomes.py::test_tls_to_a_server_without_means_not_sent",
        "launchdarkly/test_deadline.py::test_a_server_that_takes_the_connection_and_no_more_means_not_sent",
        "test_changes.py::test_without_a_connection_nothing_was_sent",
        "views/test_create.py::test_what_was_not_sent_says_so",
    ),
    "R2 the look before the request fails: not sent": (
        "launchdarkly/test_creating.py::test_when_the_look_fails_nothing_is_posted",
        "launchdarkly/test_deadline.py::test_a_delay_of_the_list_means_that_nothing_was_sent",
        "test_changes.py::test_when_the_look_at_the_list_fails_nothing_is_posted",
    ),
    "R3 the answer is lost: unknown, then found out about, never sent again": (
        "launchdarkly/test_outcomes.py::test_a_lost_answer_leaves_it_open",
        "launchdarkly/test_deadline.py::test_a_delay_of_the_answer_leaves_it_open",
        "launchdarkly/test_creating.py::test_a_post_is_never_repeated",
        "test_reconciliation.py::test_a_lost_answer_is_found_to_have_been_a_success",
        "test_reconciliation.py::test_nothing_at_two_looks_means_that_nothing_was_created",
    ),
    "R4 the answer breaks off or hangs after 201: its id is found out": (
        "launchdarkly/test_outcomes.py::test_a_success_that_cannot_be_read_leaves_it_open",
        "launchdarkly/test_outcomes.py::test_a_success_without_a_body_leaves_it_open",
        "test_reconciliation.py::test_a_lost_answer_is_found_to_have_been_a_success",
    ),
    "R5 a fault of LaunchDarkly's: unknown, its words are text and cut short": (
        "launchdarkly/test_outcomes.py::test_a_fault_of_launchdarklys_leaves_it_open",
        "launchdarkly/test_creating.py::test_what_launchdarkly_says_at_length_is_shortened",
        "test_changes.py::test_what_launchdarkly_says_is_kept_word_for_word",
    ),
    "R6 too many requests: refused, the wait is bounded, nothing is sent by itself": (
        "launchdarkly/test_waiting.py::test_the_wait_is_from_1_to_300_seconds_and_10_where_nothing_says",
        "launchdarkly/test_waiting.py::test_a_reset_is_a_moment_in_milliseconds",
        "launchdarkly/test_waiting.py::test_a_date_is_understood",
        "launchdarkly/test_waiting.py::test_no_header_can_upset_it",
        "test_changes.py::test_too_many_requests_say_how_long_to_wait",
    ),
    "R7 what LaunchDarkly does not accept: refused, in its words, without secrets": (
        "launchdarkly/test_outcomes.py::test_a_refusal_brings_code_message_and_id",
        "launchdarkly/test_creating.py::test_a_secret_that_launchdarkly_repeats_is_shown_as_dots",
        "views/test_create.py::test_its_words_its_code_and_its_id_are_there_to_copy",
    ),
    "R8 a wrong token, right or place: refused, and what to put right": (
        "launchdarkly/test_outcomes.py::test_every_status_is_on_one_branch",
        "views/test_create.py::test_each_refusal_says_what_to_do",
    ),
    "R9 a conflict: refused, and the form that came back can be sent": (
        "views/test_create.py::test_each_refusal_says_what_to_do",
        "views/test_create.py::test_the_form_that_came_back_can_be_sent",
    ),
    "R10 an answer that is no answer: unknown, and no fault of ours": (
        "launchdarkly/test_outcomes.py::test_a_success_that_cannot_be_read_leaves_it_open",
        "launchdarkly/test_outcomes.py::test_whatever_bytes_come_back_the_outcome_is_one_of_those_that_are_known",
        "launchdarkly/test_outcomes.py::test_nonsense_after_a_write_is_open_and_the_destination_exists",
    ),
    "R11 an answer that drips, or never ends: over at the deadline": (
        "launchdarkly/test_deadline.py::test_a_delay_of_the_answer_leaves_it_open",
        "launchdarkly/test_deadline.py::test_a_delay_under_tls_leaves_it_open",
        "launchdarkly/test_deadline.py::test_a_read_has_a_deadline_of_its_own",
    ),
    "R12 an answer without measure: the process does not grow by it": (
        "crashes/test_memory.py::test_an_answer_without_measure_is_not_taken_in",
        "launchdarkly/test_outcomes.py::test_an_answer_without_end_is_not_read_on",
        "launchdarkly/test_outcomes.py::test_a_compressed_answer_is_not_unpacked",
    ),
    "R13 a redirect: not followed, unknown, the token goes nowhere": (
        "launchdarkly/test_outcomes.py::test_a_redirect_is_not_followed",
        "launchdarkly/test_outcomes.py::test_a_redirect_of_the_look_is_not_followed",
        "launchdarkly/test_reading.py::test_a_next_link_that_leads_elsewhere_is_not_followed",
    ),
    "R14 interim answers and other successes": (
        "launchdarkly/test_creating.py::test_interim_answers_are_skipped",
        "launchdarkly/test_creating.py::test_any_success_that_names_the_id_is_one",
        "launchdarkly/test_outcomes.py::test_a_success_without_a_body_leaves_it_open",
        "views/test_history.py::test_a_success_that_launchdarkly_does_not_document_is_said",
    ),
    "R15 the product is killed, asked to end, or given up by gunicorn": (
        "crashes/test_kills.py::test_what_was_killed_ends_in_the_truth_and_is_never_sent_twice",
        "crashes/test_stops.py::test_who_is_asked_to_end_lets_a_creation_come_to_its_end",
        "crashes/test_stops.py::test_what_gunicorn_gives_up_is_found_out_about",
        "crashes/test_stops.py::test_while_processes_change_eight_people_lose_nothing_and_send_nothing_twice",
    ),
    "R16 the database fails before the record: nothing is sent": (
        "crashes/test_database_faults.py::test_what_cannot_be_recorded_is_not_sent_and_the_same_form_works_later",
        "crashes/test_database_faults.py::test_on_a_database_that_is_there_to_be_read_nothing_is_sent",
        "crashes/test_database_faults.py::test_without_a_database_nothing_is_sent",
        "test_changes.py::test_when_the_record_cannot_be_written_nothing_is_sent",
        "test_changes.py::test_when_the_server_ended_the_connection_nothing_is_sent",
    ),
    "R17 the database fails after the answer: the person has the id, the log one line, the record follows": (
        "crashes/test_database_faults.py::"
        "test_what_launchdarkly_answered_reaches_the_person_and_the_log_and_later_the_record",
        "crashes/test_database_faults.py::test_no_failure_puts_a_secret_into_the_log",
        "test_changes.py::test_a_server_that_restarts_meanwhile_is_connected_to_anew",
        "test_changes.py::test_a_refusal_that_cannot_be_stored_reaches_them_too",
    ),
    "R18 the same form at once, from many": (
        "test_concurrency.py::test_the_same_form_from_eight_threads_in_two_processes_is_sent_once",
        "browser/test_sending.py::test_a_double_click_creates_one_destination",
        "browser/test_sending.py::test_the_same_form_sent_from_two_tabs_leads_both_to_one_record",
    ),
    "R19 the same form again, later": (
        "views/test_create.py::test_the_same_form_again_leads_to_the_same_record",
        "views/test_create.py::test_the_same_form_with_other_values_comes_back_and_can_be_sent",
        "test_changes.py::test_the_same_form_again_leads_to_its_record",
    ),
    "R20 the session ends while the form is filled in": (
        "browser/test_session.py::test_what_was_typed_outlives_the_session",
        "browser/test_session.py::test_a_form_from_before_signing_in_again_works_at_the_second_press",
        "views/test_resuming.py::test_htmx_gets_a_message_for_its_place_and_never_the_sign_in_page",
    ),
    "R21 the person is gone before the answer": (
        "browser/test_sending.py::test_when_only_the_answer_was_lost_sending_again_leads_to_the_record",
        "crashes/test_stops.py::test_who_does_not_wait_for_the_answer_finds_it_in_the_history",
    ),
    "R22 the environment has a destination already: said before, refused at LaunchDarkly": (
        "views/test_create.py::test_a_critical_environment_and_a_taken_one_are_said",
        "browser/test_changing_choices.py::test_a_taken_environment_says_by_what",
    ),
    "R23 finding out: none, one or several, LaunchDarkly unreadable, still under way": (
        "test_reconciliation.py::test_nothing_at_two_looks_means_that_nothing_was_created",
        "test_reconciliation.py::test_before_the_grace_is_over_no_number_of_looks_is_enough",
        "test_reconciliation.py::test_it_stays_unknown_and_the_candidates_are_noted_once",
        "test_reconciliation.py::test_a_person_decides_and_the_decision_is_on_record",
        "test_reconciliation.py::test_while_launchdarkly_cannot_be_read_nothing_changes",
        "test_reconciliation.py::test_one_that_may_still_be_under_way_is_left_alone",
    ),
    "R24 several find out at once": (
        "crashes/test_stops.py::test_commands_and_pages_that_look_at_once_resolve_an_attempt_once",
        "test_reconciliation.py::test_eight_looks_make_one_resolution",
        "test_reconciliation.py::test_one_destination_is_claimed_by_one_record",
    ),
    "R25 the clock jumps": (
        "crashes/test_clock.py::"
        "test_a_jump_during_a_creation_changes_neither_its_deadline_nor_its_duration_nor_the_order",
        "crashes/test_clock.py::test_an_answer_that_was_lost_while_the_clock_was_wrong_is_found_when_it_is_right",
        "crashes/test_clock.py::"
        "test_what_was_interrupted_while_the_clock_was_wrong_is_never_called_absent_when_it_exists",
        "test_reconciliation.py::test_a_clock_that_is_a_minute_off_changes_nothing",
    ),
    "R26 LaunchDarkly is down for minutes": (
        "launchdarkly/test_limits.py::test_after_five_lists_that_failed_launchdarkly_is_left_alone",
        "launchdarkly/test_limits.py::test_lists_are_read_for_pages_all_the_same",
        "launchdarkly/test_limits.py::test_a_probe_whose_list_fails_sends_nothing_and_begins_another_pause",
        "launchdarkly/test_limits.py::test_a_probe_that_is_answered_is_sent_and_ends_the_pause",
    ),
    "R27 the history is tampered with": (
        "test_verification.py::test_a_changed_event_is_named",
        "test_verification.py::test_a_removed_event_is_named",
        "test_verification.py::test_an_inserted_event_is_named",
        "test_verification.py::test_two_that_were_exchanged_are_named",
        "test_verification.py::test_one_that_was_replaced_is_named",
        "test_proofs.py::test_an_end_that_was_cut_off_is_found",
        "test_proofs.py::test_a_history_that_was_written_anew_with_the_key_is_found",
        "test_guards.py::test_none_is_replaced",
    ),
    "R28 an old backup is restored": (
        "crashes/test_restoring.py::test_what_was_made_after_the_backup_is_listed",
        "test_reconciliation.py::test_it_lists_what_no_record_claims",
    ),
    "R29 a migration over many records while the older release runs": (
        "crashes/test_migrating.py::test_while_many_records_are_sealed_the_history_stays_up_and_nothing_is_lost",
        "crashes/test_migrating.py::test_a_record_that_the_older_release_adds_after_the_migration_is_found_out",
        "test_migrations.py::test_records_from_before_the_events_are_sealed",
    ),
}


def names_in(file: Path) -> set[str]:
    """Return the names of the tests in a file."""
    tree = ast.parse(file.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_every_scenario_is_there() -> None:
    assert [scenario.split()[0] for scenario in SCENARIOS] == [f"R{number}" for number in range(1, 30)]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_tests_that_prove_a_scenario_exist(scenario: str) -> None:
    assert SCENARIOS[scenario]
    for test in SCENARIOS[scenario]:
        file, name = test.split("::")
        assert name in names_in(ROOT / "tests" / file)
