import dataclasses
import importlib
import subprocess
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import DataError, IntegrityError, PendingRollbackError

from bot.complaints.model import Complaint
from bot.database import Cipher, Database, DatabaseError, cipher_of, metadata, now, open_database, take_turn
from bot.delivery import correspondents, inbox, outbox
from bot.delivery.model import Correspondent, InboxMessage, OutboxMessage
from bot.delivery.outbox import Reply
from bot.review.model import ReviewExample, ReviewItem
from bot.settings import ROOT
from tests.factories import KEY, OTHER_KEY, accept, free_port, make_arrival, make_settings, raw_bytes, wait_until

for path in sorted((ROOT / "bot").rglob("model.py")):
    importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def alembic_config(database):
    config = Config()
    config.set_main_option("script_location", str(ROOT / "bot" / "migrations"))
    config.attributes["engine"] = database.engine
    return config


def differences(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, metadata)


def count(database):
    with database.reading() as session:
        return session.execute(select(func.count(InboxMessage.id))).scalar_one()


def test_the_migrated_schema_is_the_one_of_the_models(database):
    assert differences(database) == []


def test_a_missing_column_would_be_noticed(database):
    with database.transaction() as session:
        session.execute(text("ALTER TABLE inbox DROP COLUMN reason"))
    assert [difference[0] for difference in differences(database)] == ["add_column"]


def test_the_migrations_have_one_head(database):
    assert len(ScriptDirectory.from_config(alembic_config(database)).get_heads()) == 1


def test_migrating_again_keeps_what_is_stored(database):
    accept(database)
    database.migrate()
    assert count(database) == 1


def test_the_tables_of_the_import_come_without_touching_what_is_stored(database):
    accept(database)
    command.downgrade(alembic_config(database), "0001")
    assert "imported_procedures" not in inspect(database.engine).get_table_names()
    database.migrate()
    assert (count(database), "imported_procedures" in inspect(database.engine).get_table_names()) == (1, True)


def test_what_the_bot_said_before_knows_its_channel_and_its_moment(database):
    with database.transaction() as session:
        outbox.enqueue(session, "web:an", [Reply("chào")])
    command.downgrade(alembic_config(database), "0003")
    database.migrate()
    with database.reading() as session:
        row = session.execute(select(OutboxMessage)).scalar_one()
    assert (row.channel, row.attempts, row.next_attempt_at) == ("web", 0, row.created_at)


def test_when_a_message_of_before_was_written_is_unknown(database):
    kept = inbox.accept(database, dataclasses.replace(make_arrival(), at=now()))[0]
    command.downgrade(alembic_config(database), "0011")
    assert "written_at" not in [column["name"] for column in inspect(database.engine).get_columns("inbox")]
    database.migrate()
    claim = inbox.claim_next(database)
    assert (claim.id, claim.written_at) == (kept, None)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("moved:window_closed", ("window_closed", True, False, False)),
        ("429:asked", ("429", False, True, False)),
        ("file_in_doubt:timeout", ("timeout", False, False, True)),
        ("file_in_doubt:429:asked", ("429", False, True, True)),
        ("gave_up:timeout", ("gave_up:timeout", False, False, False)),
        (None, (None, False, False, False)),
    ],
)
def test_what_stood_in_the_words_of_a_reason_is_marked(database, said, kept):
    with database.transaction() as session:
        outbox.enqueue(session, "telegram:1", [Reply("chào")])
    command.downgrade(alembic_config(database), "0013")
    with database.transaction() as session:
        session.execute(text("UPDATE outbox SET reason = :said"), {"said": said})
    database.migrate()
    with database.reading() as session:
        row = session.execute(select(OutboxMessage)).scalar_one()
    assert (row.reason, row.moved, row.wait_asked, row.in_doubt) == kept
    command.downgrade(alembic_config(database), "0013")
    with database.reading() as session:
        assert session.execute(text("SELECT reason FROM outbox")).scalar_one() == said


def test_who_unfollowed_is_reached_again_and_who_blocked_is_not(database):
    command.downgrade(alembic_config(database), "0014")
    people = {"zalo_oa:1": "left", "zalo_oa:2": "withdrawn", "telegram:3": "left"}
    with database.transaction() as session:
        for name, reason in people.items():
            correspondents.gone(session, name, reason)
    database.migrate()
    with database.reading() as session:
        rows = session.execute(select(Correspondent).order_by(Correspondent.conversation)).scalars()
        assert [(row.conversation, row.gone_reason) for row in rows if row.gone_at] == [
            ("telegram:3", "left"),
            ("zalo_oa:2", "withdrawn"),
        ]


def test_the_way_down_stops_where_sentences_would_be_forgotten_that_stand_in_the_data(database):
    with database.transaction() as session:
        item = ReviewItem(ranking="[]", reasons="", state="written", created_at=now())
        session.add(item)
        session.flush()
        about = {"item_id": item.id, "intent": "greet", "part": "train", "file": "a.yml", "by": "Lê Hoa"}
        session.add_all(ReviewExample(conversation=who, text=b"x", **about) for who in ("web:an", "web:binh"))
    command.downgrade(alembic_config(database), "0011")
    with pytest.raises(RuntimeError, match="several sentences"):
        command.downgrade(alembic_config(database), "0010")
    database.migrate()
    assert differences(database) == []
    with database.reading() as session:
        assert session.execute(select(func.count()).select_from(ReviewExample)).scalar_one() == 2


def test_the_way_down_and_up_again_ends_at_the_same_schema(database):
    command.downgrade(alembic_config(database), "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    database.migrate()
    assert differences(database) == []


def test_the_folder_of_the_database_is_made(tmp_path):
    database = open_database(make_settings(tmp_path / "new" / "home"))
    database.migrate()
    assert (tmp_path / "new" / "home" / "motcua.db").exists()
    database.close()


def test_a_failed_transaction_leaves_nothing(database):
    with pytest.raises(ZeroDivisionError):
        store_and_fail(database)
    assert count(database) == 0


def store_and_fail(database):
    with database.transaction() as session:
        session.add(InboxMessage(channel="web", external_key="k", conversation="c", body=b"x"))
        session.flush()
        raise ZeroDivisionError


@pytest.mark.parametrize("kind_of_database", ["postgres"])
def test_what_a_server_accepts_survives_a_power_cut_whatever_its_default(database):
    with database.transaction() as session:
        assert session.execute(text("SHOW synchronous_commit")).scalar_one() == "on"


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_what_is_accepted_survives_a_power_cut(database):
    with database.transaction() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert session.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_who_reads_does_not_keep_a_writer_waiting(database):
    with database.reading() as session:
        assert session.execute(select(func.count(InboxMessage.id))).scalar_one() == 0
        assert runs_within(10, lambda: accept(database))
        assert session.execute(select(func.count(InboxMessage.id))).scalar_one() == 0
    assert count(database) == 1


def test_a_writer_does_not_keep_readers_waiting(database):
    with database.transaction() as session:
        session.add(InboxMessage(channel="web", external_key="k", conversation="c", body=b"x"))
        session.flush()
        assert runs_within(10, lambda: count(database))


def runs_within(seconds, work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def test_two_writers_take_turns(database):
    def add_one():
        with database.transaction() as session:
            row = session.execute(select(InboxMessage).with_for_update()).scalar_one()
            row.attempts += 1

    accept(database)
    threads = [threading.Thread(target=add_one) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    with database.reading() as session:
        assert session.execute(select(InboxMessage.attempts)).scalar_one() == 8


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_an_urgent_writer_goes_before_those_that_wait(database):
    wrote = []

    def write(name, urgent=False):
        with database.transaction(urgent) as session:
            session.execute(text("SELECT 1"))
            wrote.append(name)

    with database.transaction() as session:
        session.execute(text("SELECT 1"))
        waiting = [threading.Thread(target=write, args=("other",)) for _ in range(3)]
        [thread.start() for thread in waiting]
        # Longer than any of them needs to take its place.
        time.sleep(0.3)
        waiting.append(threading.Thread(target=write, args=("urgent", True)))
        waiting[-1].start()
        time.sleep(0.3)
    [thread.join() for thread in waiting]
    assert wrote == ["urgent", "other", "other", "other"]


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_writers_that_wait_keep_no_connection_from_those_that_read(database):
    # More than there are connections.
    waiting = [threading.Thread(target=accept, args=(database,)) for _ in range(40)]
    with database.transaction() as session:
        session.execute(text("SELECT 1"))
        [thread.start() for thread in waiting]
        # Longer than any of them needs to take its place.
        time.sleep(0.3)
        assert runs_within(10, lambda: count(database))
    [thread.join() for thread in waiting]
    assert count(database) == 40


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_a_writer_that_fails_keeps_nobody_waiting(database):
    def break_off(how):
        with database.transaction() as session:
            session.execute(text("SELECT 1"))
            how(session)

    for how in (lambda session: 1 / 0, lambda session: session.connection().invalidate()):
        with pytest.raises((ZeroDivisionError, PendingRollbackError)):
            break_off(how)
    assert runs_within(10, lambda: accept(database))
    assert count(database) == 1


def test_the_text_of_an_error_holds_no_message(database):
    with pytest.raises(IntegrityError) as error:
        store_twice(database)
    assert "bà Tư" not in str(error.value)
    assert "bà Tư" not in repr(error.value)
    assert "filed_by_inbox_id" in str(error.value)


def test_the_log_of_an_error_holds_no_row(database):
    with pytest.raises(IntegrityError) as error, database.transaction() as session:
        session.add(Complaint(code="PA-1", filed_by_inbox_id=7, kind="late", description="chuyện của bà Tư"))
    logged = "".join(traceback.format_exception(error.type, error.value, error.tb))
    assert "conversation" in logged
    assert "bà Tư" not in logged


def test_a_text_that_no_database_takes_is_an_error_of_the_data(database):
    told = {"conversation": "web:an", "kind": "late", "description": "chuyện của bà Tư \ud800"}
    with pytest.raises(DataError) as error, database.transaction() as session:
        session.add(Complaint(code="PA-1", filed_by_inbox_id=7, **told))
    assert "bà Tư" not in "".join(traceback.format_exception(error.type, error.value, error.tb))
    assert count(database) == 0


def delete_carelessly(database):
    """Two thirds of some messages deleted as a build of SQLite does that overwrites nothing."""
    for number in range(300):
        accept(database, conversation=f"web:{'gone' if number % 3 else 'kept'}-{number}", text="x" * number)
    connection = database.engine.raw_connection()
    connection.cursor().execute("PRAGMA secure_delete=OFF")
    connection.cursor().execute("DELETE FROM inbox WHERE conversation LIKE 'web:gone%'")
    connection.close()


@pytest.mark.parametrize("kind_of_database", ["sqlite"])
def test_nothing_of_a_deleted_row_is_left_in_the_files_after_scrubbing(database):
    delete_carelessly(database)
    assert b"web:gone" in raw_bytes(database)
    database.scrub()
    assert b"web:gone" not in raw_bytes(database)
    assert b"web:kept" in raw_bytes(database)
    assert count(database) == 100


def test_scrubbing_while_others_write_loses_nothing(database):
    with ThreadPoolExecutor(3) as threads:
        writing = [threads.submit(accept, database, conversation=f"web:{n}") for n in range(30)]
        threads.submit(database.scrub).result()
    assert len({job.result() for job in writing}) == count(database) == 30


@pytest.mark.parametrize("kind_of_database", ["postgres"])
def test_postgresql_takes_no_nul(database):
    with pytest.raises(DataError, match="no database takes"), database.transaction() as session:
        session.add(Complaint(code="PA-1", filed_by_inbox_id=7, conversation="c", kind="late", description="a\x00b"))


def test_a_reader_sees_one_moment_throughout(database):
    with database.reading() as session:
        before = session.execute(select(func.count(InboxMessage.id))).scalar_one()
        accept(database)
        assert session.execute(select(func.count(InboxMessage.id))).scalar_one() == before


@pytest.mark.parametrize("kind_of_database", ["postgres"])
def test_ids_come_to_light_in_their_order(database):
    """Or who reads on after a line would never see the one that came to light after it."""
    with database.transaction() as session:
        outbox.enqueue(session, "web:an", [Reply("một")])
        session.flush()
        assert not runs_within(0.3, lambda: enqueue(database, "web:an", "hai"))
        assert runs_within(10, lambda: enqueue(database, "web:binh", "ba"))
    wait_until(lambda: texts_after(database, 0) == ["một", "hai"])


@pytest.mark.parametrize("kind_of_database", ["postgres"])
def test_messages_of_a_conversation_wait_for_the_one_before_them(database):
    with database.transaction() as session:
        take_turn(session, "inbox:web:an")
        assert not runs_within(0.3, lambda: accept(database))
        assert runs_within(10, lambda: accept(database, conversation="web:binh"))
        assert count(database) == 1
    wait_until(lambda: count(database) == 2)


def enqueue(database, conversation, text):
    with database.transaction() as session:
        outbox.enqueue(session, conversation, [Reply(text)])


def texts_after(database, cursor):
    with database.reading() as session:
        return [line.text for line in outbox.read_lines(session, "web:an", cursor).lines]


@pytest.mark.parametrize("spoilt", ["DROP TABLE buttons", "ALTER TABLE inbox ADD COLUMN more TEXT", "SELECT 1"])
def test_a_test_on_the_server_begins_with_an_empty_database(postgres, spoilt):
    with postgres.database() as database:
        assert accept(database) == 1
        with database.transaction() as session:
            session.execute(text(spoilt))
    with postgres.database() as database:
        assert (differences(database), count(database), accept(database)) == ([], 0, 1)


MIGRATE = "import sys; from bot.database import Database; Database(sys.argv[1], (sys.argv[2],)).migrate()"


def test_programs_that_start_at_once_migrate_once(postgres):
    with postgres.fresh() as url:
        command = [sys.executable, "-c", MIGRATE, url, KEY]
        programs = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]
        assert [program.wait(timeout=60) for program in programs] == [0] * 4
        database = Database(url, (KEY,))
        assert differences(database) == []
        database.close()


def test_a_database_without_vietnamese_letters_is_refused(postgres):
    with postgres.fresh(more="ENCODING 'LATIN1' LOCALE 'C'") as url:
        database = Database(url, (KEY,))
        with pytest.raises(DatabaseError, match="LATIN1"):
            database.migrate()
        database.close()


def test_a_server_that_is_away_is_one_sentence_without_the_password(tmp_path):
    url = f"postgresql://an:m4t-khau@127.0.0.1:{free_port()}/motcua"
    database = open_database(make_settings(tmp_path, DATABASE_URL=url))
    with pytest.raises(DatabaseError, match="MOTCUA_DATABASE_URL does not answer") as error:
        database.migrate()
    assert "m4t-khau" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["", "rubbish", "postgres://an@may/motcua", "mysql://an@may/motcua", "postgresql+asyncpg://"]
)
def test_an_address_that_is_not_understood_is_named_without_its_secrets(tmp_path, url):
    settings = dataclasses.replace(make_settings(tmp_path), database_url=url)
    with pytest.raises(DatabaseError, match="must look like postgresql://"):
        open_database(settings)


def store_twice(database):
    with database.transaction() as session:
        for code in ("PA-1", "PA-2"):
            told = {"conversation": "web:an", "kind": "late", "description": "chuyện của bà Tư"}
            session.add(Complaint(code=code, filed_by_inbox_id=7, **told))


def test_a_moment_comes_back_aware_and_in_utc(database):
    hanoi = datetime(2026, 11, 22, 7, 30, tzinfo=timezone(timedelta(hours=7)))
    with database.transaction() as session:
        row = {"channel": "web", "external_key": "k", "conversation": "c", "body": b"x", "received_at": hanoi}
        session.add(InboxMessage(**row))
    with database.reading() as session:
        kept = session.execute(select(InboxMessage.received_at)).scalar_one()
    assert (kept, kept.tzinfo) == (hanoi, timezone.utc)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_sealed_text_comes_out_as_it_was(told):
    cipher = Cipher((KEY,))
    assert cipher.unseal(cipher.seal(told)) == told


def test_the_same_text_is_never_sealed_the_same_way_and_never_readable():
    cipher = Cipher((KEY,))
    first, second = cipher.seal("bà Tư"), cipher.seal("bà Tư")
    assert first != second
    assert "bà Tư".encode() not in first


def test_after_a_change_of_keys_old_fields_are_read_and_new_ones_need_the_new_key():
    old, rotated, new = Cipher((OTHER_KEY,)), Cipher((KEY, OTHER_KEY)), Cipher((KEY,))
    assert rotated.unseal(old.seal("trước")) == "trước"
    assert new.unseal(rotated.seal("sau")) == "sau"


def test_a_field_goes_over_to_the_newest_key_once():
    old, both = Cipher((KEY,)).seal("Bí mật"), Cipher((OTHER_KEY, KEY))
    renewed = both.reseal(old)
    assert Cipher((OTHER_KEY,)).unseal(renewed) == "Bí mật"
    assert both.reseal(renewed) is None
    with pytest.raises(DatabaseError):
        Cipher((OTHER_KEY,)).reseal(old)


def test_a_wrong_key_is_named():
    with pytest.raises(DatabaseError, match="MOTCUA_SECRET_KEY is not the one"):
        Cipher((OTHER_KEY,)).unseal(Cipher((KEY,)).seal("bí mật"))


@pytest.mark.parametrize("sealed", [b"", b"rubbish", b"gAAAAA" + b"A" * 100])
def test_a_damaged_field_is_named(sealed):
    with pytest.raises(DatabaseError, match="can't be decrypted"):
        Cipher((KEY,)).unseal(sealed)


def test_equal_values_are_still_found_after_a_change_of_keys():
    assert Cipher((KEY, OTHER_KEY)).digest("0912345678") == Cipher((OTHER_KEY,)).digest("0912345678")
    assert Cipher((KEY,)).digest("0912345678") != Cipher((OTHER_KEY,)).digest("0912345678")
    assert "0912345678" not in Cipher((KEY,)).digest("0912345678")


def test_a_database_opened_with_another_key_does_not_give_its_texts(database):
    accept(database, "bí mật")
    stranger = Database(database.url, (OTHER_KEY,))
    with stranger.reading() as session:
        body = session.execute(select(InboxMessage.body)).scalar_one()
        with pytest.raises(DatabaseError):
            cipher_of(session).unseal(body)
    stranger.close()
