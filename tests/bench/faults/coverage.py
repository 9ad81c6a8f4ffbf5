"""Which test shows that a fault is survived; the few without one say why."""

FAULTS: dict[str, tuple[str, ...]] = {
    # Kills, power and disks
    "F01": (
        "test_faults.py::test_a_fault_under_traffic_breaks_no_promise",
        "test_wire_imap_in.py::test_a_mail_that_was_taken_and_not_yet_moved_is_moved_later",
    ),
    "F02": ("test_faults.py::test_a_fault_under_traffic_breaks_no_promise",),
    "F05": ("test_spool.py::test_a_full_disk_keeps_nothing_and_says_so",),
    "F03": (
        "test_power_loss.py::test_f03_f04_a_mail_is_on_the_disk_before_its_250_and_ever_after",
    ),
    "F04": (
        "test_power_loss.py::test_f03_f04_a_mail_is_on_the_disk_before_its_250_and_ever_after",
    ),
    "F06": (
        "test_daemon_disks.py::test_f06_after_a_sync_that_failed_nothing_is_accepted_until_a_start",
    ),
    # Databases
    "F07": (
        "test_work_intake.py::test_while_the_database_is_away_mail_waits_and_is_not_counted_as_failed",
        "test_wire_health.py::test_a_database_that_is_away_is_told_and_the_gateway_lives",
    ),
    "F08": (
        "test_faults.py::test_f08_f10_a_database_that_crashes_under_traffic_breaks_no_promise",
    ),
    "F09": ("test_nodes_failover.py::test_f09_a_fail_over_loses_no_mail_and_no_commit",),
    "F10": (
        "test_faults.py::test_f08_f10_a_database_that_crashes_under_traffic_breaks_no_promise",
    ),
    "F11": ("test_wire_faults.py::test_f11_a_spool_that_another_process_holds_holds_up_nobody",),
    "F12": (
        "test_faults.py::test_a_fault_under_traffic_breaks_no_promise",
        "test_wire_smtp_in.py::test_a_fault_of_ours_leaves_the_mail_with_its_sender",
        "test_work_intake.py::test_a_reading_process_that_dies_is_replaced",
    ),
    # Clocks
    "F25": (
        "test_work_watch.py::test_two_clocks_tell_what_happened",
        "test_work_rounds_run.py::test_every_step_goes_out_once_however_the_clock_is_set",
    ),
    "F26": (
        "test_worktime_hours.py::test_a_time_in_the_spring_gap_means_the_first_instant_after_it",
        "test_worktime_hours.py::test_a_time_that_comes_twice_means_the_first_of_the_two",
    ),
    # Twice, twice over, and elsewhere
    "F28": (
        "test_daemon_imap.py::test_the_same_mail_over_smtp_and_imap_is_one_ticket",
        "test_work_intake.py::test_the_same_mail_again_has_no_effect",
    ),
    "F29": ("test_mail_parse.py::test_digest_is_untouched_by_trace_fields_and_line_ends",),
    "F30": (
        "test_work_rounds_nodes.py::test_steps_go_out_once_from_three_daemons_that_are_killed",
        "test_work_courier.py::test_a_node_frees_its_own_letters_and_nobody_elses",
    ),
    "F31": (
        "test_faults.py::test_a_fault_under_traffic_breaks_no_promise",
        "test_daemon.py::test_a_second_daemon_on_the_same_folder_refuses",
    ),
    # Mails that break readers
    "F32": (
        "test_faults.py::test_a_fault_under_traffic_breaks_no_promise",
        "test_work_intake.py::test_a_poison_mail_is_parked_and_the_others_go_on",
    ),
    "F33": (
        "test_wire_smtp_in.py::test_a_declared_size_that_is_too_large_is_refused_at_once",
        "test_wire_smtp_attacks.py::test_a50_who_sends_more_than_the_limit_is_cut_off",
        "test_attachments.py::test_what_is_too_large_is_named_and_the_rest_travels",
    ),
    "F36": (
        "test_mail_parse.py::test_a_malformed_mail_is_read_without_an_exception",
        "test_work_intake.py::test_a_broken_mail_is_a_ticket_with_its_raw_bytes",
    ),
    "F37": (
        "test_mail_parse.py::test_a_mail_over_a_limit_is_returned_with_the_limit_named",
        "test_attacks_content.py::test_an_attack_has_no_more_effect_than_this",
    ),
    "F38": ("test_wire_smtp_data.py::test_octets_that_nobody_should_read_are_refused",),
    "F39": ("test_mail_parse.py::test_every_odd_byte_in_header_and_text_is_stored_clean",),
    "F40": ("test_mail_charset.py::test_a_label_beyond_the_list_is_never_used",),
    "F41": (
        "test_mail_mutants.py::test_no_mutant_breaks_the_reader_or_costs_much",
        "test_mail_parse.py::test_any_bytes_become_a_mail",
    ),
    # Around the daemon
    "F42": (
        "test_faults.py::test_a_fault_under_traffic_breaks_no_promise",
        "test_daemon.py::test_sigterm_drains_and_ends_with_0",
    ),
    "F43": ("test_daemon_disks.py::test_f43_mail_goes_on_where_the_diary_cannot_be_written",),
    "F44": ("test_wire_faults.py::test_f44_a_resolver_that_does_not_answer_holds_up_nobody",),
    "F45": ("test_store_upgrade.py::test_a_database_that_a_later_version_changed_is_refused",),
    "F46": (
        "test_cli_mailboxes.py::test_mails_that_are_gone_from_the_desk_are_named_and_taken_again",
    ),
    "F47": ("test_desk_token.py::test_tokens_of_the_previous_key_stay_valid",),
}

REASONS: dict[str, str] = {
    "F27": "zone data are read when a process starts: an update takes a restart; a changed "
    "calendar is counted anew then (test_work_rounds)",
    "F48": "a cgroup needs a machine of its own; the reading process has a limit of its own "
    "(gateway.work.reader.MEMORY_MAX), and the mutants bench prints what it took",
}


def asked_for() -> list[str]:
    """The faults that this bench answers for."""
    numbers = [*range(1, 13), *range(25, 34), *range(36, 49)]
    return [f"F{number:02}" for number in numbers]
