"""A run of the import on a real database: what is new, changed, refused, and what survives being stopped."""

import json
import os
from pathlib import Path
from time import monotonic

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError

from bot.catalogue.importing.files import Source, read_file
from bot.catalogue.importing.model import CodeAlias, ImportedProcedure, ImportedSource, ImportRun
from bot.catalogue.importing.record import ImportingError, from_json
from bot.catalogue.importing.run import Importer, import_files
from tests.catalogue.importing.samples import (
    CODE,
    MINISTRY,
    NAME,
    OTHER_CODE,
    OTHER_UUID,
    PROVINCE,
    UPDATED,
    UUID,
    defence,
    detail,
    flat,
    land,
    list_row,
    normalised,
    police,
    sheet,
    wrapped,
    write,
)
from tests.factories import raw_bytes


def run(database, *paths):
    return import_files(database, paths)


def rows_of(database, code=CODE):
    with database.reading() as session:
        question = select(ImportedProcedure).where(ImportedProcedure.code == code).order_by(ImportedProcedure.identity)
        return list(session.execute(question).scalars())


def counts(report):
    return report.new, report.changed, report.unchanged


def count(database, table):
    with database.reading() as session:
        return session.execute(select(func.count()).select_from(table)).scalar_one()


def alias_of(database, code):
    with database.reading() as session:
        row = session.get(CodeAlias, code)
        return (row.new_code, row.name) if row else None


def test_a_record_is_stored_with_where_it_comes_from(database, tmp_path):
    write(tmp_path, "in/details/a.json", wrapped(detail()))
    assert counts(run(database, tmp_path / "in")) == (1, 0, 0)
    row = rows_of(database)[0]
    assert (row.code, row.uuid, row.publisher, row.name, row.detail) == (CODE, UUID, MINISTRY, NAME, "details")
    assert (row.shape, row.file, row.url[-36:]) == ("detail", "details/a.json", UUID)
    assert (f"{row.updated_at:%Y-%m-%d}", len(row.content_hash)) == ("2026-07-09", 64)
    assert from_json(row.content).papers[0].name == "Đơn mượn trống"


def test_importing_again_changes_nothing(database, tmp_path):
    write(tmp_path, "in/a.json", detail())
    write(tmp_path, "in/b.json", flat())
    run(database, tmp_path / "in")
    before = rows_of(database)[0].changed_at
    assert counts(run(database, tmp_path / "in")) == (0, 0, 1)
    assert rows_of(database)[0].changed_at == before


def test_only_what_changed_is_changed(database, tmp_path):
    write(tmp_path, "in/a.json", detail())
    write(tmp_path, "in/b.json", detail(code=OTHER_CODE, id=OTHER_UUID))
    run(database, tmp_path / "in")
    write(tmp_path, "in/a.json", detail(name="Cấp giấy phép mượn chiêng", updatedAt=UPDATED + 1))
    assert counts(run(database, tmp_path / "in")) == (0, 1, 1)
    assert rows_of(database)[0].name == "Cấp giấy phép mượn chiêng"


def test_an_older_record_does_not_take_the_place_of_a_newer_one(database, tmp_path):
    run(database, write(tmp_path, "new.json", detail()))
    report = run(database, write(tmp_path, "old.json", detail(name="Tên cũ", updatedAt=UPDATED - 86_400_000)))
    assert counts(report) == (0, 0, 1)
    reason = f"code {CODE} is stored in a newer version, of 2026-07-09 12:26"
    assert [(one.file, one.reason) for one in report.refused] == [("old.json", reason)]
    assert rows_of(database)[0].name == NAME


def test_all_shapes_of_one_code_make_one_procedure(database, tmp_path):
    shapes = [wrapped(detail(note="")), normalised(), list_row(), flat(), defence()]
    for number, content in enumerate(shapes):
        write(tmp_path, f"in/{number}.json", content)
    write(tmp_path, "in/list.xlsx", sheet([CODE, NAME, MINISTRY, "", "Nhạc cụ"]))
    write(tmp_path, "in/land.csv", land(f"x,y,{CODE},{NAME},5 DAY,,,,https://p/{UUID},2026-07-13"))
    report = run(database, tmp_path / "in")
    assert counts(report) == (1, 0, 0)
    assert dict(report.read) == dict.fromkeys(("detail", "normalised", "list", "flat", "defence", "sheet", "land"), 1)
    assert [row.shape for row in rows_of(database)] == ["detail"]


def test_a_procedure_first_known_by_its_publisher_is_the_same_when_its_id_comes(database, tmp_path):
    run(database, write(tmp_path, "a.json", defence()))
    assert [row.identity for row in rows_of(database)] == ["publisher:bộ quốc phòng"]
    assert counts(run(database, write(tmp_path, "b.json", list_row()))) == (0, 1, 0)
    assert [(row.identity, row.shape) for row in rows_of(database)] == [(f"uuid:{UUID}", "defence")]


def test_a_ministrys_and_a_provinces_record_of_one_code_are_both_kept(database, tmp_path):
    own = detail(id=OTHER_UUID, departmentPromulgateName=PROVINCE, type="SPECIFIC")
    run(database, write(tmp_path, "a.json", [detail(), own]))
    assert [(row.province, row.type) for row in rows_of(database)] == [("", "STANDARD"), ("Gia Lai", "SPECIFIC")]


def test_a_police_record_gets_its_code_by_its_name(database, tmp_path):
    write(tmp_path, "in/a.json", police())
    write(tmp_path, "in/z.json", list_row(departmentPromulgate="Bộ Công an"))
    run(database, tmp_path / "in")
    assert [(row.shape, row.province) for row in rows_of(database)] == [("police", "Phú Thọ"), ("list", "")]


def test_a_police_record_whose_name_nobody_has_is_refused(database, tmp_path):
    report = run(database, write(tmp_path, "a.json", police()))
    reason = f"'{NAME}' has no code, and no imported record bears its name"
    assert [(one.file, one.reason) for one in report.refused] == [("a.json, procedure 1", reason)]


def test_a_bad_record_is_refused_alone(database, tmp_path):
    write(tmp_path, "in/a.json", [detail(), detail(code=""), detail(code=OTHER_CODE, id=OTHER_UUID)])
    write(tmp_path, "in/b.json", '{"code": ')
    report = run(database, tmp_path / "in")
    assert (report.new, [one.file for one in report.refused]) == (2, ["a.json, item 2", "b.json"])


def test_one_code_twice_with_other_content_is_refused(database, tmp_path):
    write(tmp_path, "in/a.json", detail())
    write(tmp_path, "in/b.json", detail(name="Tên khác"))
    report = run(database, tmp_path / "in")
    assert [one.reason for one in report.refused] == [f"code {CODE} stands in a.json with other content"]
    assert rows_of(database)[0].name == NAME


@pytest.mark.parametrize("files", ["ab", "ba"])
def test_one_code_twice_the_newer_one_counts(database, tmp_path, files):
    write(tmp_path, f"in/{files[0]}.json", detail())
    write(tmp_path, f"in/{files[1]}.json", detail(name="Tên mới", updatedAt=UPDATED + 1))
    report = run(database, tmp_path / "in")
    assert rows_of(database)[0].name == "Tên mới"
    noted = [one.rule for one in report.suspicious] + [one.reason for one in report.refused]
    assert noted == (["duplicate"] if files == "ab" else [f"code {CODE} stands in a.json with other content"])


def test_the_same_record_twice_counts_once(database, tmp_path):
    report = run(database, write(tmp_path, "a.json", [detail(), detail()]))
    assert (counts(report), report.refused) == ((1, 0, 0), [])


def test_known_replaced_codes_are_stored(database, tmp_path):
    run(database, write(tmp_path, "a.json", detail()))
    assert alias_of(database, "2.000986") == ("3.000722", "")
    assert alias_of(database, "1.014061") == ("", "Cấp, cấp đổi, cấp lại thẻ căn cước")


def test_replaced_codes_are_imported(database, tmp_path):
    report = run(database, write(tmp_path, "a.csv", f"old_code,new_code\n{CODE},{OTHER_CODE}\n"))
    assert (report.aliases, alias_of(database, CODE)) == (1, (OTHER_CODE, ""))


def test_a_changed_code_shows_by_the_id_that_stayed(database, tmp_path):
    run(database, write(tmp_path, "a.json", detail()))
    report = run(database, write(tmp_path, "b.json", detail(code=OTHER_CODE, updatedAt=UPDATED + 1)))
    assert [(one.code, one.rule) for one in report.suspicious] == [(CODE, "two_codes")]
    assert alias_of(database, CODE) == (OTHER_CODE, "")


def test_two_codes_of_one_id_without_a_moment_are_only_noted(database, tmp_path):
    write(tmp_path, "in/a.json", list_row())
    write(tmp_path, "in/b.json", list_row(code=OTHER_CODE))
    assert [one.rule for one in run(database, tmp_path / "in").suspicious] == ["two_codes"]
    assert (alias_of(database, CODE), alias_of(database, OTHER_CODE)) == (None, None)


def test_what_is_stored_before_an_interruption_stays_and_the_next_run_goes_on(database, tmp_path):
    rows = [list_row(code=f"9.{number:06}", id=f"{UUID[:-6]}{number:06}") for number in range(450)]
    for number in range(0, 450, 50):
        write(tmp_path, f"in/{number:03}.json", rows[number : number + 50])

    def interrupted(files):
        for number, file in enumerate(files):
            if number == 7:
                raise KeyboardInterrupt
            yield file

    report = import_files(database, (tmp_path / "in",), interrupted)
    assert report.stopped.startswith("interrupted")
    # 350 were read; the last 150 were not a whole batch yet.
    assert count(database, ImportedProcedure) == report.new == 200
    assert counts(run(database, tmp_path / "in")) == (250, 0, 200)


def test_a_batch_is_stored_whole_or_not_at_all(database, tmp_path):
    importer = Importer(database, "files")
    entry = next(read_file(Source(write(tmp_path, "a.json", detail()), "a.json")))
    importer.add(entry)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE imported_procedures")
        connection.commit()
    with pytest.raises(DatabaseError):
        importer.flush()
    assert count(database, ImportedSource) == 0


# SQLite adds no check to a table that is there.
NEVER = {
    "sqlite": "CREATE TRIGGER never BEFORE INSERT ON imported_procedures"
    " BEGIN SELECT RAISE(ABORT, 'no') WHERE NEW.name = 'Tên khác'; END",
    "postgresql": "ALTER TABLE imported_procedures ADD CONSTRAINT never CHECK (name <> 'Tên khác')",
}


def test_a_record_that_the_database_does_not_take_is_refused_alone(database, tmp_path):
    with database.engine.connect() as connection:
        connection.exec_driver_sql(NEVER[connection.dialect.name])
        connection.commit()
    other = detail(code=OTHER_CODE, id=OTHER_UUID, name="Tên khác")
    report = run(database, write(tmp_path, "a.json", [other, detail()]))
    refused = [(one.file, one.reason) for one in report.refused]
    assert refused == [("a.json, item 1", "the database does not take it (IntegrityError)")]
    assert (counts(report), count(database, ImportedProcedure)) == ((1, 0, 0), 1)


def test_each_run_is_kept_with_what_it_did(database, tmp_path):
    run(database, write(tmp_path, "a.json", detail()))
    with database.reading() as session:
        row = session.execute(select(ImportRun)).scalar_one()
    assert (row.kind, row.permission, json.loads(row.counts)) == ("files", None, {"new": 1, "changed": 0})
    assert row.finished_at >= row.started_at


def test_nothing_to_read_is_said(database, tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(ImportingError, match="There is nothing to import"):
        run(database, tmp_path / "in")


def test_no_path_of_this_machine_is_stored(database, tmp_path):
    run(database, write(tmp_path, "in/a.json", detail()))
    assert str(tmp_path).encode() not in raw_bytes(database)


@pytest.mark.skipif("MOTCUA_NATIONAL_DATA" not in os.environ, reason="MOTCUA_NATIONAL_DATA names no folder of records")
def test_the_records_of_the_whole_country_are_imported_in_a_minute(database):
    start = monotonic()
    report = run(database, Path(os.environ["MOTCUA_NATIONAL_DATA"]))
    assert monotonic() - start < 60
    assert report.new > 5000
    assert sum(report.read.values()) > 100 * len(report.refused)
    assert counts(run(database, Path(os.environ["MOTCUA_NATIONAL_DATA"]))) == (0, 0, report.new)
