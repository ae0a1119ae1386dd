"""The file sink: what was written is there, and whatever is done to it afterwards is found."""

from __future__ import annotations

import hashlib
import json
import os
import stat

import pytest

from wrt_capability.audit import AuditDamaged, AuditFailed, Finding, verify
from wrt_capability.audit.chain import Chain
from wrt_capability.audit.sinks.file import FileSink, head_path

KEY = b"0123456789abcdef"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


def fill(path, count=5, **options):
    with FileSink(path, **options) as sink:
        for number in range(count):
            sink.write({"event": "decision", "tenant": f"t{number}", "allowed": bool(number % 2)})


def lines(path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def findings(path, **options) -> set[str]:
    return {problem.finding for problem in verify(path, **options).problems}


def test_records_are_lines_of_json_in_order(path):
    fill(path)
    records = [json.loads(line) for line in lines(path)]
    assert [record["seq"] for record in records] == list(range(1, 9))
    assert [record.get("tenant") for record in records[2:7]] == ["t0", "t1", "t2", "t3", "t4"]
    assert [record["operation"] for record in records if record["event"] == "audit"] == ["begun", "opened", "closed"]
    assert all(record["time"].endswith("Z") for record in records)


def test_an_untouched_log_is_intact(path):
    fill(path)
    verdict = verify(path)
    assert verdict.intact
    assert verdict.records == 8
    assert verdict.head.count == 8
    assert (verdict.unacknowledged, verdict.torn) == (0, 0)
    assert verdict.first <= verdict.last


def test_opening_again_continues_the_chain(path):
    fill(path)
    fill(path)
    verdict = verify(path)
    assert verdict.intact
    assert verdict.records == 15
    assert json.loads(lines(path)[8])["operation"] == "opened"


def test_what_is_in_a_record_cannot_end_its_line(path):
    with FileSink(path) as sink:
        sink.write({"event": "call", "object": 'a\n{"seq":9}\r\u2028"\\\udc80'})
    assert verify(path).intact
    assert json.loads(lines(path)[2])["object"] == 'a\n{"seq":9}\r\u2028"\\\udc80'


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_the_files_are_their_owners_alone(path):
    fill(path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(head_path(path).stat().st_mode) == 0o600


# --- tampering ---------------------------------------------------------------------------------------------


def test_every_edited_byte_is_found(path):
    fill(path, 2)
    original = path.read_bytes()
    for offset in range(len(original)):
        path.write_bytes(original[:offset] + bytes([original[offset] ^ 1]) + original[offset + 1 :])
        assert not verify(path).intact, f"byte {offset} of {original!r}"
    path.write_bytes(original)
    assert verify(path).intact


def test_an_edited_line_is_named(path):
    fill(path)
    path.write_bytes(path.read_bytes().replace(b'"tenant":"t2"', b'"tenant":"t9"'))
    (problem,) = verify(path).problems
    assert (problem.finding, problem.line) == (Finding.EDITED, 5)


def test_blanks_that_json_does_not_mind_are_an_edit_too(path):
    fill(path)
    path.write_bytes(path.read_bytes().replace(b'"tenant":"t2"', b'"tenant": "t2"'))
    assert Finding.EDITED in findings(path)


@pytest.mark.parametrize("index", range(8))
def test_every_dropped_line_is_found(path, index):
    fill(path)
    kept = lines(path)
    del kept[index]
    path.write_bytes(b"".join(kept))
    assert findings(path) & {Finding.DROPPED, Finding.TRUNCATED}


@pytest.mark.parametrize("index", range(7))
def test_every_swap_of_neighbours_is_found(path, index):
    fill(path)
    kept = lines(path)
    kept[index], kept[index + 1] = kept[index + 1], kept[index]
    path.write_bytes(b"".join(kept))
    assert Finding.REORDERED in findings(path)


def test_a_repeated_line_is_found(path):
    fill(path)
    kept = lines(path)
    path.write_bytes(b"".join([*kept[:3], kept[2], *kept[3:]]))
    assert findings(path) == {Finding.REORDERED}


@pytest.mark.parametrize("left", range(8))
def test_truncation_to_every_earlier_record_is_found(path, left):
    fill(path)
    path.write_bytes(b"".join(lines(path)[:left]))
    assert findings(path) == {Finding.TRUNCATED}


def test_truncation_within_every_record_is_found(path):
    fill(path, 1)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        assert Finding.TRUNCATED in findings(path), size


def test_a_line_with_a_new_right_seal_is_found(path):
    fill(path)
    kept = lines(path)
    record = json.loads(kept[4])
    del record["seal"]
    body = json.dumps(record | {"tenant": "t9"}, separators=(",", ":")).encode()
    kept[4] = body[:-1] + b',"seal":"' + hashlib.sha256(body).hexdigest().encode() + b'"}\n'
    path.write_bytes(b"".join(kept))
    assert findings(path) == {Finding.REPLACED}


def test_a_whole_new_chain_does_not_fit_the_head(path, tmp_path):
    fill(path)
    fill(tmp_path / "other.jsonl")
    path.write_bytes((tmp_path / "other.jsonl").read_bytes())
    assert Finding.REPLACED in findings(path)


def test_lines_that_are_no_records_are_found(path):
    fill(path)
    path.write_bytes(b"hello\n" + path.read_bytes())
    assert Finding.MALFORMED in findings(path)


def test_a_missing_or_edited_head_is_found(path):
    fill(path)
    head = head_path(path)
    content = head.read_bytes()
    head.unlink()
    assert findings(path) == {Finding.HEAD_MISSING}
    for offset in range(len(content)):
        head.write_bytes(content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1 :])
        assert findings(path) & {Finding.HEAD_DAMAGED, Finding.TRUNCATED, Finding.REPLACED}, offset


def test_shortening_log_and_head_together_is_found_by_a_head_that_was_noted(path):
    sink = FileSink(path)
    sink.write({"event": "call"})
    short, short_head = path.read_bytes(), head_path(path).read_bytes()
    sink.write({"event": "call"})
    noted = sink.head
    sink.close()
    assert verify(path, expect=noted).intact
    path.write_bytes(short)
    head_path(path).write_bytes(short_head)
    assert verify(path).intact  # the log alone, with its own old head, can't know
    assert findings(path, expect=noted) == {Finding.TRUNCATED}


def test_history_before_a_noted_head_cannot_be_rewritten(path, tmp_path):
    fill(path)
    noted = verify(path).head
    fill(tmp_path / "other.jsonl", 20)
    assert findings(tmp_path / "other.jsonl", expect=noted) == {Finding.REPLACED}


def test_the_number_of_problems_that_are_kept_is_bounded(path):
    fill(path, 50)
    path.write_bytes(path.read_bytes().replace(b'"tenant":"t', b'"tenant":"u'))
    verdict = verify(path, most_problems=5)
    assert len(verdict.problems) == 5
    assert verdict.more_problems == 45


# --- keys --------------------------------------------------------------------------------------------------


def test_with_a_key_only_its_owner_can_seal(path):
    fill(path, key=KEY)
    assert verify(path, key=KEY).intact
    assert findings(path) == {Finding.EDITED, Finding.HEAD_DAMAGED}
    assert findings(path, key=KEY[::-1]) == {Finding.EDITED, Finding.HEAD_DAMAGED}


def test_a_chain_without_the_key_cannot_stand_in_for_one_with_it(path, tmp_path):
    fill(path, key=KEY)
    forged = tmp_path / "forged.jsonl"
    fill(forged)
    path.write_bytes(forged.read_bytes())
    head_path(path).write_bytes(head_path(forged).read_bytes())
    assert Finding.EDITED in findings(path, key=KEY)


def test_a_log_is_not_continued_with_another_key(path):
    fill(path, key=KEY)
    before = path.read_bytes()
    for key in (None, KEY[::-1]):
        with pytest.raises(AuditDamaged, match="another key"):
            FileSink(path, key=key)
    assert path.read_bytes() == before


def test_a_key_is_long_enough():
    with pytest.raises(ValueError, match="16 bytes"):
        Chain(b"short")


# --- continuing --------------------------------------------------------------------------------------------


def test_a_torn_line_is_taken_away_and_told_of(path):
    fill(path)
    whole = path.read_bytes()
    torn = b'{"seq":9,"previous":"ab'
    path.write_bytes(whole + torn)
    verdict = verify(path)
    assert verdict.intact
    assert verdict.torn == len(torn)
    fill(path, 0)
    repaired = json.loads(lines(path)[8])
    assert (repaired["operation"], repaired["bytes"]) == ("repaired", len(torn))
    assert repaired["digest"] == f"sha256:{hashlib.sha256(torn).hexdigest()}"
    verdict = verify(path)
    assert verdict.intact
    assert verdict.torn == 0


def test_whole_lines_behind_the_head_are_kept(path):
    fill(path)
    old_head = head_path(path).read_bytes()
    fill(path)
    log = path.read_bytes()
    head_path(path).write_bytes(old_head)  # as if everything after it had been stopped before it was acknowledged
    verdict = verify(path)
    assert verdict.intact
    assert verdict.unacknowledged == 7
    fill(path, 0)
    assert path.read_bytes().startswith(log)
    assert verify(path).intact
    assert verify(path).unacknowledged == 0


def test_foreign_lines_behind_the_head_are_not_adopted(path):
    fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"seq":9}\n' + lines(path)[-1])
    assert not verify(path).intact
    fill(path, 0)
    assert json.loads(lines(path)[8])["operation"] == "repaired"
    assert verify(path).intact


@pytest.mark.parametrize("left", [0, 3])
def test_a_shortened_log_is_not_continued(path, left):
    fill(path)
    path.write_bytes(b"".join(lines(path)[:left]))
    before = path.read_bytes()
    with pytest.raises(AuditDamaged, match="shortened"):
        FileSink(path)
    assert path.read_bytes() == before


def test_a_log_without_its_head_is_not_continued(path):
    fill(path)
    head_path(path).unlink()
    with pytest.raises(AuditDamaged, match="no head"):
        FileSink(path)
    assert not head_path(path).exists()


def test_a_head_without_its_log_is_not_begun_again(path):
    fill(path)
    path.unlink()
    with pytest.raises(AuditDamaged, match="shortened"):
        FileSink(path)


def test_a_log_with_another_last_line_is_not_continued(path):
    fill(path)
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.write_bytes(data)
    with pytest.raises(AuditDamaged, match="changed"):
        FileSink(path)


def test_a_log_that_is_shortened_while_it_is_open_takes_no_more(path):
    sink = FileSink(path)
    sink.write({"event": "call"})
    os.truncate(path, 10)
    for act in (lambda: sink.write({"event": "call"}), sink.close):
        with pytest.raises(AuditDamaged, match="shortened"):
            act()
    assert path.stat().st_size == 10


@pytest.mark.skipif(os.name != "posix", reason="elsewhere an open file is not deleted")
def test_a_log_that_is_deleted_while_it_is_open_takes_no_more(path):
    sink = FileSink(path)
    path.unlink()
    with pytest.raises(AuditDamaged, match="deleted"):
        sink.write({"event": "call"})
    with pytest.raises(AuditDamaged, match="deleted"):
        sink.close()


def test_a_closed_sink_takes_no_more(path):
    sink = FileSink(path)
    sink.close()
    sink.close()
    with pytest.raises(AuditFailed, match="closed"):
        sink.write({"event": "call"})


def test_where_nothing_can_be_opened_nothing_is_promised(tmp_path):
    with pytest.raises(AuditFailed, match="can't be opened"):
        FileSink(tmp_path / "absent" / "audit.jsonl")


def test_policies_have_names(path):
    with pytest.raises(ValueError, match="always, interval, never"):
        FileSink(path, sync="sometimes")
