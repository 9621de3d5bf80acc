#!/usr/bin/env python3
"""Checks NEDB databases, exported proofs and tile directories without the engine.

What it is: a second, independent reading of the file format. It is written from docs/format.md alone, shares no code with
the engine and needs nothing but the Python 3.9 standard library; its sections follow those of the page and use its names.

    nedb_check.py verify DIR [--expect-head SIZE:HEX] [--json]    a database directory
    nedb_check.py proof FILE [--key VKEY] [--json]                an exported inclusion proof
    nedb_check.py tiles DIR --size N --root HEX [--key VKEY] [--json]    an exported tile directory
    nedb_check.py dump DIR [--limit N]                            the entries, one JSON object per line

What it promises: it never writes; every byte of a log is either covered by a check or hash that is recomputed, or is required
to be zero; what the page does not allow is damage, what it allows but is worth knowing is a note.
Exit code: 0 ok, 1 damaged (or a proof that does not hold), 2 wrong usage or unreadable files.

What it leaves to others: index/ (derived data, section 9), keys/, and the repair of what it finds. It sees what the files hold,
so a whole database replaced by an older copy of itself is only found with --expect-head or a signed checkpoint.

Outside the page it follows: RFC 6962 2.1 and RFC 9162 2.1.3.2 (tree, inclusion), RFC 8032 5.1.7 (Ed25519), RFC 4648 4 (base64),
https://c2sp.org/tlog-proof, https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note, https://c2sp.org/tlog-tiles.
"""

import argparse
import array
import base64
import collections
import hashlib
import json
import os
import re
import struct
import sys

# --- 1. Conventions ----------------------------------------------------------------------------------------------------------


class Damage(Exception):
    """Bytes that the page does not allow, and that no interrupted write can explain."""


class NotWhole(Exception):
    """A frame that is not whole in the sense of section 10: a torn tail or damage, which what follows it decides."""


class Report:
    """Everything found, in the order it was found."""

    DAMAGE_MAX = 100  # further findings are only counted: they are mostly consequences of the first

    def __init__(self):
        self.notes, self.found, self.suppressed, self.facts = [], [], 0, {}

    def note(self, what):
        self.notes.append(what)

    def damage(self, what, file=None, offset=None, seq=None):
        if len(self.found) < self.DAMAGE_MAX:
            self.found.append({"file": file, "offset": offset, "seq": seq, "what": what})
        else:
            self.suppressed += 1

    def as_json(self):
        verdict = "damaged" if self.found else "ok"
        return {"verdict": verdict, **self.facts, "notes": self.notes, "damage": self.found, "damage_suppressed": self.suppressed}

    def as_text(self):
        lines = [f"note: {note}" for note in self.notes]
        for one in self.found:
            where = [one["file"] or "", *(f"{k} {one[k]}" for k in ("offset", "seq") if one[k] is not None)]
            lines.append(f"damage: {' '.join(filter(None, where)) or 'database'}: {one['what']}")
        if self.suppressed:
            lines.append(f"damage: {self.suppressed} more not shown")
        lines += [f"{name}: {value}" for name, value in self.facts.items()]
        return "\n".join(lines + [f"verdict: {'damaged' if self.found else 'ok'}"])


def make_crc_tables():
    one_byte = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        one_byte.append(value)
    two_bytes = []
    for value in range(65536):
        value = one_byte[value & 0xFF] ^ value >> 8
        two_bytes.append(one_byte[value & 0xFF] ^ value >> 8)
    four_bytes = [two_bytes[value & 0xFFFF] ^ value >> 16 for value in two_bytes]
    return one_byte, two_bytes, four_bytes


CRC_1, CRC_2, CRC_4 = make_crc_tables()  # what a byte or a half word becomes after 1, 2 and 4 bytes


def crc(seed, x):
    """CRC-32C of x continued from the finished value seed, a 32-bit word per step."""
    low, high, state = CRC_4, CRC_2, seed ^ 0xFFFFFFFF
    whole = len(x) & ~3
    words = array.array("I")
    words.frombytes(x[:whole])
    if sys.byteorder == "big":
        words.byteswap()
    for word in words:
        word ^= state
        state = low[word & 0xFFFF] ^ high[word >> 16]
    for byte in x[whole:]:
        state = CRC_1[(state ^ byte) & 0xFF] ^ state >> 8
    return state ^ 0xFFFFFFFF


def H(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def padded(length, multiple):
    return -(-length // multiple) * multiple


def is_zero(data, start=0, end=None):
    end = len(data) if end is None else end
    return data.count(0, start, end) == end - start


class Cursor:
    """Reads fields one after the other and refuses a length that does not fit."""

    def __init__(self, data, name):
        self.data, self.name, self.at = data, name, 0

    def take(self, length):
        end = self.at + length
        if end > len(self.data):
            raise Damage(f"{self.name}: a length does not fit, at byte {self.at}")
        self.at, taken = end, self.data[self.at:end]
        return taken

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def text(self, form):
        try:
            return self.take(self.number(form)).decode("utf-8")
        except UnicodeDecodeError:
            raise Damage(f"{self.name}: text before byte {self.at} is not UTF-8") from None

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.number("B")
            value, shift = value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                if value >> 64 or shift > 7 and byte == 0:
                    raise Damage(f"{self.name}: a varint before byte {self.at} is too large or not in its shortest form")
                return value

    def varint_text(self):
        try:
            return self.take(self.varint()).decode("utf-8")
        except UnicodeDecodeError:
            raise Damage(f"{self.name}: text before byte {self.at} is not UTF-8") from None


# --- 2. The directory --------------------------------------------------------------------------------------------------------

KNOWN_NAMES = {"LOCK", "HEAD", "log", "index", "keys"}
SEGMENT_NAME = re.compile(r"[0-9a-f]{16}\.seg")


class Database:
    """The files of a database directory; one segment is held in memory at a time."""

    def __init__(self, path, report):
        self.path, self.report, self.loaded, self.head = path, report, None, None
        for name in sorted(set(os.listdir(path)) - KNOWN_NAMES):
            report.note(f"{name} does not belong to a database")
        self.head = read_head(path, report)
        self.numbers = set()
        if self.head:
            self.list_segments()

    def list_segments(self):
        folder = os.path.join(self.path, "log")
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            file = "log/" + name
            if not SEGMENT_NAME.fullmatch(name):
                self.report.note(f"{file} is not a segment file")
                continue
            number, rest = divmod(int(name[:16], 16), self.head.segment_size)
            if rest or not os.path.isfile(os.path.join(folder, name)):
                self.report.damage("not a segment of this database: a file whose name is a multiple of the segment size is expected", file)
            else:
                self.numbers.add(number)
        for number in range(max(self.numbers, default=0) + 1):
            if number not in self.numbers:
                self.report.damage("segment file is missing", self.file_name(number))
                break

    def file_name(self, number):
        return f"log/{number * self.head.segment_size:016x}.seg"

    def segment(self, number):
        if number not in self.numbers:
            return None
        if self.loaded is None or self.loaded.number != number:
            self.loaded = None  # lets go of the old bytes before the new ones are read
            self.loaded = Segment(self, number)
        return self.loaded


# --- 3. HEAD -----------------------------------------------------------------------------------------------------------------

SLOT = struct.Struct("<8sII16sQQQ32sQ32sQ32sI16sI")
Head = collections.namedtuple(
    "Head", "magic version slot_length database_id generation epoch end frame_hash size root catalogue_records "
    "catalogue_digest segment_size zero check")


def read_slot(slot, index):
    """The head in a slot, or None when its check fails; a slot that passes its check must be right in everything else."""
    head = Head(*SLOT.unpack_from(slot))
    if head.check != crc(0, slot[:188]) or head.magic != b"NEDBHEAD":
        return None
    if head.version != 1 or head.slot_length != 192:
        raise Damage(f"format version {head.version} with slot length {head.slot_length} is not known")
    if not is_zero(head.zero) or not is_zero(slot, 192):
        raise Damage("bytes of the slot that must be zero are not")
    if head.generation < 1 or head.generation % 2 != index:
        raise Damage(f"generation {head.generation} does not belong in this slot")
    if head.segment_size & head.segment_size - 1 or not 65536 <= head.segment_size <= 67108864:
        raise Damage(f"segment size {head.segment_size} is not a power of two in range")
    return head


def read_head(path, report):
    """The valid slot with the greater generation, or None with the reason in the report."""
    try:
        with open(os.path.join(path, "HEAD"), "rb") as file:
            data = file.read(8193)
    except FileNotFoundError:
        report.damage("there is no HEAD: not a database", "HEAD")
        return None
    if len(data) != 8192:
        report.damage("HEAD is not 8192 bytes long", "HEAD")
        return None
    heads = []
    for index in (0, 1):
        slot = data[index * 4096:(index + 1) * 4096]
        try:
            head = read_slot(slot, index)
        except Damage as reason:
            report.damage(str(reason), "HEAD", index * 4096)
            continue
        if head:
            heads.append(head)
        elif not is_zero(slot):
            report.note(f"HEAD slot {index} is not valid: a torn write or damage; the other slot is used")
    if not heads:
        report.damage("no slot is valid", "HEAD")
        return None
    head = max(heads, key=lambda one: one.generation)
    if len({one.database_id for one in heads}) > 1 or len({one.segment_size for one in heads}) > 1:
        report.damage("the two slots belong to different databases", "HEAD")
    if len(heads) == 2 and abs(heads[0].generation - heads[1].generation) != 1:
        report.note("the generations of the two HEAD slots do not follow each other")
    if len(heads) == 1 and head.generation > 1 and is_zero(data, (1 - head.generation % 2) * 4096, (2 - head.generation % 2) * 4096):
        report.note(f"HEAD slot {1 - head.generation % 2} was never written, though the generation is {head.generation}")
    return head


# --- 4. Segments -------------------------------------------------------------------------------------------------------------

SEGMENT_HEADER_BYTES = 4096
SEGMENT_HEADER = struct.Struct("<8sIIQQ16s16sQI4B32sq")


class Segment:
    """One segment file, filled up with zeros to the segment size. `problem` says why its header is not valid, if so."""

    def __init__(self, database, number):
        head = database.head
        self.number, self.size, self.file = number, head.segment_size, database.file_name(number)
        self.first_address = number * self.size
        with open(os.path.join(database.path, self.file), "rb") as file:
            data = file.read(self.size + 1)
        if len(data) > self.size:
            database.report.damage("file is longer than the segment size", self.file, self.size)
        self.data = data[:self.size].ljust(self.size, b"\0")
        self.salt = self.data[80:112]
        self.seed = crc(0, self.salt + head.database_id)
        self.header_fails = crc(0, self.data[:4092]) != struct.unpack_from("<I", self.data, 4092)[0]
        self.problem = "segment header: its check fails" if self.header_fails else self.header_problem(head, database.report)

    def header_problem(self, head, report):
        (magic, version, length, compatible, incompatible, database_id, self.lineage_id, first_address, segment_size, digest, check_kind,
         cipher, packing, _salt, _created) = SEGMENT_HEADER.unpack_from(self.data)
        if compatible:
            report.note(f"{self.file} has compatible features {compatible:#x} that this program does not know")
        right = [
            ("magic", magic, b"NEDBSEGM"), ("format version", version, 1), ("header length", length, SEGMENT_HEADER_BYTES),
            ("incompatible features", incompatible, 0), ("database id", database_id, head.database_id),
            ("first address", first_address, self.first_address), ("segment size", segment_size, head.segment_size),
            ("digest algorithm", digest, 1), ("check algorithm", check_kind, 1), ("cipher", cipher, 0), ("packing", packing, 0),
        ]
        for name, found, wanted in right:
            if found != wanted:
                shown = found.hex() if isinstance(found, bytes) else found
                return f"segment header: {name} is {shown}"
        return None if is_zero(self.data, 120, 4092) else "segment header: bytes that must be zero are not"

    def check(self, address, x):
        """check(A, x) of the page; crc(crc(seed, A), x) is crc(seed, A ‖ x)."""
        return crc(self.seed, struct.pack("<Q", address) + x)


# --- 5. Frames ---------------------------------------------------------------------------------------------------------------

FRAME_ALIGNMENT = 64
FRAME_BYTES_MAX = 33554432 + 65536
ENTRIES_MAX = 65536
LOCAL_HEADER = struct.Struct("<4sBBHQQQIII16sI")
SHARED_HEADER = struct.Struct("<QIIq32s32sII")
EMPTY_ROOT = H(b"")
NO_DIGEST = bytes(32)


class Frame:
    """A frame's headers; `records` holds its entries once they are read."""

    def __init__(self, segment, offset):
        data = segment.data
        self.segment, self.offset, self.address = segment, offset, segment.first_address + offset
        (magic, self.version, self.flags, self.zero_a, self.own_address, self.epoch, self.watermark, self.shared_length,
         self.records_length, self.length, self.zero_b, stored) = LOCAL_HEADER.unpack_from(data, offset)
        if magic != b"NFRM":
            raise NotWhole("there is no frame magic")
        unpadded = 64 + self.shared_length + self.records_length
        if (self.shared_length % 16 or self.shared_length < 96 or self.records_length % 16 or self.length != padded(unpadded, FRAME_ALIGNMENT)
                or self.length > min(FRAME_BYTES_MAX, segment.size - SEGMENT_HEADER_BYTES) or offset + self.length > segment.size):
            raise NotWhole("the lengths in the frame header do not fit")
        self.end = self.address + self.length
        self.shared = data[offset + 64:offset + 64 + self.shared_length]
        self.check_passes = segment.check(self.address, data[offset:offset + 60] + self.shared) == stored
        (self.first_seq, self.count, self.catalogue_count, self.commit_time, self.previous_hash, self.root, self.catalogue_length,
         self.zero_c) = SHARED_HEADER.unpack_from(self.shared)
        self.records_start = offset + 64 + self.shared_length
        self.records = []

    @property
    def seal(self):
        return self.flags & 1

    def require_header(self):
        """Section 10 first (not whole), then what a passed check makes certain damage."""
        if not self.check_passes:
            raise NotWhole("the check of the frame header fails")
        if self.own_address != self.address:
            raise NotWhole(f"the frame header names the address {self.own_address}")
        if self.version != 1:
            raise Damage(f"frame version {self.version} is not known")
        if self.flags & ~1 or self.zero_a or not is_zero(self.zero_b) or self.zero_c:
            raise Damage("flags or bytes of the frame header that must be zero are not")
        if self.count > ENTRIES_MAX or self.seal and self.count:
            raise Damage(f"a frame{' with the seal flag' if self.seal else ''} cannot have {self.count} entries")
        if self.shared_length != padded(96 + self.catalogue_length, 16) or not is_zero(self.shared, 96 + self.catalogue_length):
            raise Damage("the catalogue records do not fill the shared header, padded with zeros to 16")
        if self.watermark > self.address:
            raise Damage(f"the watermark {self.watermark} is above the frame itself")

    def hash(self):
        return H(b"\x03", self.shared)


def read_catalogue(frame, number, digest, report):
    """The catalogue records of a frame, which continue number and digest; returns the new number and digest."""
    cursor = Cursor(frame.shared[96:96 + frame.catalogue_length], "catalogue record")
    for _ in range(frame.catalogue_count):
        length = cursor.number("I")
        record = cursor.take(max(length - 4, 0))
        if len(record) < 8 + 8 + 2 + 32:
            raise Damage(f"catalogue record: length {length} is too small")
        found_number, at_seq, kind = struct.unpack_from("<QQH", record)
        digest = H(b"\x04", digest, record[:-32])
        number += 1
        if found_number != number or at_seq != frame.first_seq or digest != record[-32:]:
            raise NotWhole(f"catalogue record {found_number}: number, seq or digest does not continue the catalogue")
        body = record[18:-32]
        if kind == 1:
            try:
                parse_vkey(body.decode("utf-8"))
            except (UnicodeDecodeError, Damage) as reason:
                raise Damage(f"catalogue record {number}: its verifier key is not valid: {reason}") from None
            report.facts.setdefault("signers", []).append(body.decode("utf-8"))
        elif kind in (2, 3):
            read_index_record(kind, number, body, report.facts.setdefault("indexes", {}))
        else:
            raise Damage(f"catalogue record {number} has the kind {kind}, which is not known")
    if cursor.at != len(cursor.data):
        raise Damage("catalogue records: bytes are left over")
    return number, digest


def read_index_record(kind, number, body, indexes):
    """A record that defines an index under its own number, or drops the one of an earlier number."""
    cursor = Cursor(body, f"catalogue record {number}")
    if kind == 3:
        dropped = cursor.number("Q")
        if indexes.pop(str(dropped), None) is None or cursor.at != len(body):
            raise Damage(f"catalogue record {number} drops the index {dropped}, which is not in force")
        return
    asked = {1: "eq", 2: "ordered", 3: "search"}.get(cursor.number("B"))
    texts = [cursor.varint_text(), cursor.varint_text()]
    paths = [cursor.varint_text() for _ in range(cursor.varint())]
    is_fitting = asked == "search" or asked and len(paths) == 1 and not texts[0]
    if cursor.at != len(body) or not is_fitting or any(a.encode() >= b.encode() for a, b in zip(paths, paths[1:])):
        raise Damage(f"catalogue record {number}: its index definition is not valid")
    indexes[str(number)] = {"kind": asked, "stemming": texts[0], "collection": texts[1], "paths": paths}


# --- 6. Records --------------------------------------------------------------------------------------------------------------

ENTRY_UNIT = struct.Struct("<HHIQIB3s")
CHAIN = struct.Struct("<QQQII")
ENTRY_BYTES_MAX = 16384
KINDS = {1: "put", 2: "delete", 3: "link", 4: "unlink", 5: "put_file", 6: "noop", 7: "expire", 8: "patch", 9: "erase receipt", 10: "catalogue notice"}
KINDS_OF_VERSION_1 = {1, 2, 3, 4, 6, 7}


class Record:
    """An entry unit and its payload unit: what both hold before their check fields."""

    __slots__ = ("address", "offset", "seq", "chain", "pointer", "body", "payload", "stray", "fields", "content")


def read_record(frame, offset, end, seq):
    """The record at offset; NotWhole when a length, a check or the seq is wrong. Returns it and where the next one begins."""
    segment, data = frame.segment, frame.segment.data
    record = Record()
    record.offset, record.seq, record.address = offset, seq, segment.first_address + offset
    if offset + 48 > end:
        raise NotWhole("the records end inside an entry unit")
    length, body_length, payload_length, own_seq, distance, flags, zero = ENTRY_UNIT.unpack_from(data, offset)
    body_start = 24 + (32 if flags & 1 else 0) + (8 if flags & 2 else 0)
    next_offset = offset + length + payload_length
    if length != padded(body_start + body_length, 16) + 16 or payload_length % 16 or 0 < payload_length < 48 or next_offset > end:
        raise NotWhole(f"the lengths of the entry unit of seq {seq} do not fit")
    unit = data[offset:offset + length]
    if segment.check(record.address, unit[:-16]) != struct.unpack_from("<I", unit, length - 16)[0]:
        raise NotWhole(f"the check of the entry unit of seq {seq} fails")
    if own_seq != seq or distance != offset - frame.offset:
        raise NotWhole(f"the entry unit of seq {seq} belongs to another place (seq {own_seq}, distance {distance})")
    record.chain = CHAIN.unpack_from(unit, 24) if flags & 1 else None
    record.pointer = struct.unpack_from("<Q", unit, body_start - 8)[0] if flags & 2 else None
    record.body = unit[body_start:body_start + body_length]
    payload = data[offset + length:next_offset]
    record.payload = payload[:-16]
    if payload and segment.check(record.address + length, record.payload) != struct.unpack_from("<I", payload, payload_length - 16)[0]:
        raise NotWhole(f"the check of the payload unit of seq {seq} fails")
    record.stray = (flags & ~3 or not is_zero(zero) or not is_zero(unit[body_start + body_length:-16]) or not is_zero(unit[-12:])
                    or not is_zero(payload[-12:]) or record.chain is not None and record.chain[4] != 0)
    return record, next_offset


BODY_FLAGS_KNOWN = 0x07FF


def parse_body(body, seq):
    """The fields of a stored body, in the order of the page."""
    cursor = Cursor(body, "body")
    kind, flags = cursor.number("B"), cursor.number("H")
    if kind not in KINDS_OF_VERSION_1:
        raise Damage(f"kind {kind} ({KINDS.get(kind, 'unknown')}) is not of version 1")
    if flags & ~BODY_FLAGS_KNOWN:
        raise Damage(f"body: unknown flags {flags & ~BODY_FLAGS_KNOWN:#06x}")
    fields = {"kind": kind, "last": bool(flags & 1), "collection": cursor.text("B"), "client": cursor.text("B"), "nonce": cursor.number("Q")}
    if flags & 0x0002:
        fields["idempotency_digest"] = cursor.take(32)
    if flags & 0x0004:
        count = cursor.number("H")
        causes = fields["causes"] = list(struct.unpack(f"<{count}Q", cursor.take(8 * count)))
        if any(a >= b for a, b in zip(causes, causes[1:] + [seq])):
            raise Damage("body: causes do not ascend strictly to below the own seq")
    for flag, name, form in ((0x0008, "confidence", "d"), (0x0010, "valid_from", "q"), (0x0020, "valid_to", "q"), (0x0040, "expiry", "q"),
                             (0x0080, "previous", "Q"), (0x0100, "target", "Q")):
        if flags & flag:
            fields[name] = cursor.number(form)
    for name in ("previous", "target"):
        if fields.get(name, -1) >= seq:
            raise Damage(f"body: {name} seq {fields[name]} is not below the own seq")
    if flags & 0x0200:
        fields["commitment"] = cursor.take(32)
    if flags & 0x0400:
        fields["catalogue"] = (cursor.number("Q"), cursor.take(32))
    if cursor.at != len(body):
        raise Damage("body: bytes are left over")
    return fields


def canonical_entry(database_id, seq, commit_time, payload_length, body):
    return b"NEDB\x01" + database_id + struct.pack("<QqI", seq, commit_time, payload_length) + body


def parse_entry(entry):
    """A canonical entry as the tree, proofs and tiles hold it."""
    if len(entry) > ENTRY_BYTES_MAX:
        raise Damage(f"entry of {len(entry)} bytes is longer than {ENTRY_BYTES_MAX}")
    cursor = Cursor(entry, "entry")
    if cursor.take(4) != b"NEDB" or cursor.number("B") != 1:
        raise Damage("entry: magic or version is wrong")
    database_id, seq, commit_time, payload_length = cursor.take(16), cursor.number("Q"), cursor.number("q"), cursor.number("I")
    fields = parse_body(entry[cursor.at:], seq)
    if payload_length % 16 or (payload_length > 0) != ("commitment" in fields):
        raise Damage("entry: payload length and commitment do not agree")
    return {"database_id": database_id, "seq": seq, "time": commit_time, "payload_length": payload_length, **fields}


def commitment(payload):
    return H(b"\x02", payload)


def parse_content(payload, kind):
    """The fields of the content behind the salt of a payload."""
    cursor = Cursor(payload[16:], "content")
    flags = cursor.number("B")
    if flags & ~0x7F:
        raise Damage(f"content: unknown flags {flags & ~0x7F:#04x}")
    content = {"id": cursor.text("H")}
    if flags & 0x01:
        content.update(relation=cursor.text("B"), to_collection=cursor.text("B"), to_id=cursor.text("H"))
    for flag, name, form in ((0x02, "evidence", "H"), (0x04, "valid_from_text", "B"), (0x08, "valid_to_text", "B")):
        if flags & flag:
            content[name] = cursor.text(form)
    if flags & 0x10:
        content["request_digest"] = cursor.take(32)
    if flags & 0x20:
        content["result"] = cursor.take(cursor.number("H"))
    if kind in (3, 4) and not flags & 0x01 or kind in (1, 2) and flags & 0x01:
        raise Damage(f"content: the relation flag does not fit the kind {KINDS[kind]}")
    if (kind == 1) != bool(flags & 0x40):
        raise Damage(f"content: the document flag does not fit the kind {KINDS[kind]}")
    if flags & 0x40:
        parse_document(cursor, content)
    padding = cursor.take(len(cursor.data) - cursor.at)
    if len(padding) >= 16 or not is_zero(padding):
        raise Damage("content: more than zero padding to 16 follows")
    return content


class History:
    """What each frame continues: the tree, the chains of versions, the catalogue, the previous frame."""

    def __init__(self, head, report, expected):
        self.head, self.report, self.expected = head, report, expected
        self.tree, self.tree_fits = Frontier(), True
        self.frame_hash, self.commit_time, self.frames, self.epoch = NO_DIGEST, None, 0, 0
        self.catalogue, self.catalogue_pending = (0, NO_DIGEST), False
        self.watermark, self.frame_ends = 0, collections.deque()
        self.addresses, self.depths, self.jumps = array.array("Q"), array.array("I"), array.array("Q")
        self.latest = {}  # key -> seq of its last version

    def add(self, frame, record):
        """Verifies everything about one record of a whole frame that its frame's wholeness does not already say."""
        where = (frame.segment.file, record.offset, record.seq)
        entry = canonical_entry(self.head.database_id, record.seq, frame.commit_time, len(record.payload), record.body)
        self.tree.append(H(b"\x00", entry))
        if self.expected and self.expected[0] == self.tree.size:
            self.check_expected()
        self.addresses.append(record.address)
        self.depths.append(record.chain[3] if record.chain else 0)
        self.jumps.append(record.seq)
        record.fields, record.content = {}, {}
        try:
            if record.stray:
                raise Damage("record: flags, padding or other bytes that must be zero are not")
            record.fields = parse_entry(entry)
            self.check_payload(record)
            self.check_chain(record)
            self.check_catalogue(record)
        except Damage as reason:
            self.report.damage(str(reason), *where)

    def check_expected(self):
        size, root = self.expected
        if self.tree.root() != root:
            self.report.damage(f"the root at size {size} is {self.tree.root().hex()}, not the expected {root.hex()}")

    def check_payload(self, record):
        if not record.payload:
            raise Damage("record: version 1 has no kind without a payload")
        if commitment(record.payload) != record.fields["commitment"]:
            raise Damage("payload: its hash is not the commitment of the entry")
        record.content = parse_content(record.payload, record.fields["kind"])
        has_target = "target" in record.fields
        if has_target != (record.pointer is not None) or has_target and self.addresses[record.fields["target"]] != record.pointer:
            raise Damage("payload pointer: it is not the address of the record of the target seq")

    def check_chain(self, record):
        """The chain of versions, recomputed. A noop that names no previous version is no version of its key."""
        fields, content, seq, previous = record.fields, record.content, record.seq, record.fields.get("previous")
        key = (fields["collection"], content["id"], content.get("relation"), content.get("to_collection"), content.get("to_id"))
        if (previous is None) != (record.chain is None):
            raise Damage("chain: the unit's chain flag and the body's previous seq do not agree")
        if fields["kind"] == 6 and previous is None:
            return
        if self.latest.get(key) != previous:
            raise Damage(f"chain: previous seq is {previous}, but the last version of this key is {self.latest.get(key)}")
        self.latest[key] = seq
        if previous is None:
            return
        p, depths = previous, self.depths
        j = self.jumps[p]
        k = self.jumps[j]
        jump = k if depths[p] - depths[j] == depths[j] - depths[k] else p
        self.jumps[seq] = jump
        self.depths[seq] = depths[p] + 1
        if record.chain[:4] != (self.addresses[p], self.addresses[jump], jump, depths[p] + 1):
            raise Damage("chain: previous address, jump version or depth is wrong")

    def check_catalogue(self, record):
        carried = record.fields.get("catalogue")
        if carried is None and self.catalogue_pending:
            raise Damage("the first entry after a catalogue change does not carry the catalogue digest")
        if carried is not None and carried != self.catalogue:
            raise Damage("the catalogue number and digest of the entry are not those of the catalogue")
        self.catalogue_pending = False


# --- 7. The tree -------------------------------------------------------------------------------------------------------------


def node(left, right):
    return H(b"\x01", left, right)


class Frontier:
    """The compact frontier: the roots of the full subtrees, largest first. Append and root take O(log n)."""

    def __init__(self):
        self.size, self.roots = 0, []

    def append(self, leaf):
        size = self.size
        while size & 1:
            leaf = node(self.roots.pop(), leaf)
            size >>= 1
        self.roots.append(leaf)
        self.size += 1

    def root(self):
        if not self.roots:
            return EMPTY_ROOT
        value = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            value = node(left, value)
        return value


def inclusion_holds(leaf, index, size, path, root):
    """RFC 9162, 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = node(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def point_add(a, b):
    """RFC 8032, 5.1.4: extended homogeneous coordinates."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_multiply(scalar, point):
    product = IDENTITY
    while scalar:
        if scalar & 1:
            product = point_add(product, point)
        point, scalar = point_add(point, point), scalar >> 1
    return product


def point_equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_decode(data):
    """RFC 8032, 5.1.3; None for what is not the one encoding of a point."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - x2) % P or x == 0 and sign:
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE_POINT = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_holds(public_key, message, signature):
    """RFC 8032, 5.1.7, without cofactor; non-canonical S, R or key and keys of small order are refused."""
    if len(signature) != 64 or len(public_key) != 32:
        return False
    a, r, s = point_decode(public_key), point_decode(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or point_equal(point_multiply(8, a), IDENTITY):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % L
    return point_equal(point_multiply(s, BASE_POINT), point_add(r, point_multiply(k, a)))


def decode_base64(text, name, length=None):
    """Standard base64 with padding, and only its one canonical spelling."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError:
        raise Damage(f"{name}: not base64") from None
    if base64.b64encode(data).decode() != text or length not in (None, len(data)):
        raise Damage(f"{name}: not the canonical base64 of {length or 'some'} bytes")
    return data


def decode_decimal(text, name):
    if not re.fullmatch(r"0|[1-9][0-9]{0,19}", text) or int(text) >= 2**64:
        raise Damage(f"{name}: {text!r} is not a decimal number without leading zeros")
    return int(text)


def is_key_name(name):
    return bool(name) and "+" not in name and not any(c.isspace() or c < " " for c in name)


def parse_vkey(vkey):
    """A verifier key: name + key ID in hex + base64 of the signature type 0x01 and the Ed25519 public key."""
    parts = vkey.split("+", 2)
    if len(parts) != 3 or not is_key_name(parts[0]) or not re.fullmatch(r"[0-9a-f]{8}", parts[1]):
        raise Damage("verifier key: not of the form name+id+base64")
    typed_key = decode_base64(parts[2], "verifier key", 33)
    if typed_key[0] != 1:
        raise Damage(f"verifier key: signature type {typed_key[0]} is not Ed25519")
    key_id = H(parts[0].encode(), b"\n", typed_key)[:4]
    if key_id.hex() != parts[1]:
        raise Damage("verifier key: the key ID is not that of the key")
    return parts[0], key_id, typed_key[1:]


def parse_note(note):
    """A signed note: its text and its signatures as (name, key ID, signature)."""
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n") or any(c < " " and c != "\n" for c in note):
        raise Damage("note: text, blank line and signature lines, each ended by a newline, are expected")
    signatures = []
    for line in tail[:-1].split("\n"):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\u2014" or not is_key_name(parts[1]):
            raise Damage("note: a signature line is not of the form '\u2014 name base64'")
        blob = decode_base64(parts[2], "note signature")
        if len(blob) < 5:
            raise Damage("note: a signature is too short")
        signatures.append((parts[1], blob[:4], blob[4:]))
    return text + "\n", signatures


def parse_checkpoint(text):
    """The note text of a checkpoint: origin, tree size, root."""
    lines = text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise Damage("checkpoint: three non-empty lines are expected")
    return lines[0], decode_decimal(lines[1], "checkpoint size"), decode_base64(lines[2], "checkpoint root", 32)


def check_signature(note_text, signatures, origin, vkey):
    name, key_id, key = parse_vkey(vkey)
    if name != origin:
        raise Damage(f"checkpoint: its origin {origin!r} is not the name of the key {name!r}")
    own = [signature for n, i, signature in signatures if (n, i) == (name, key_id)]
    if not own:
        raise Damage(f"note: there is no signature by {name}+{key_id.hex()}")
    if not all(ed25519_holds(key, note_text.encode(), signature) for signature in own):
        raise Damage(f"note: the signature by {name}+{key_id.hex()} does not verify")
    return f"verified: {name}+{key_id.hex()}"


UNSIGNED = "unsigned: not checked"


def parse_proof(text):
    """A tlog-proof with the extra line of section 7: entry, index, inclusion path, checkpoint note."""
    head, separator, note = text.partition("\n\n")
    lines = head.split("\n")
    if not separator or lines[0] != "c2sp.org/tlog-proof@v1":
        raise Damage("proof: the first line is not c2sp.org/tlog-proof@v1, or there is no checkpoint")
    if len(lines) < 3 or not lines[1].startswith("extra ") or not lines[2].startswith("index "):
        raise Damage("proof: an extra line with the entry and an index line are expected")
    path = [decode_base64(line, "inclusion proof", 32) for line in lines[3:]]
    return decode_base64(lines[1][6:], "extra line"), decode_decimal(lines[2][6:], "index"), path, note


def check_proof(text, vkey, report):
    entry, index, path, note = parse_proof(text)
    note_text, signatures = parse_note(note)
    origin, size, root = parse_checkpoint(note_text)
    report.facts.update(origin=origin, size=size, root=root.hex(), index=index)
    fields = parse_entry(entry)
    report.facts["entry"] = printable(fields)
    if fields["seq"] != index:
        raise Damage(f"the entry's seq is {fields['seq']}, but the proof's index is {index}")
    if not inclusion_holds(H(b"\x00", entry), index, size, path, root):
        raise Damage("the inclusion proof does not lead from the entry to the checkpoint's root")
    report.facts["signature"] = check_signature(note_text, signatures, origin, vkey) if vkey else UNSIGNED


def tile_path(index, width):
    parts = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        parts.insert(0, f"x{index % 1000:03d}")
    return "/".join(parts) + (f".p/{width}" if width < 256 else "")


def read_tile(directory, level, index, width, seen):
    """The bytes of a tile or bundle; a full one may stand in for a partial one. Returns the file name too."""
    for wanted in dict.fromkeys((width, 256)):
        name = f"tile/{level}/{tile_path(index, wanted)}"
        seen.add(name)
        try:
            with open(os.path.join(directory, name), "rb") as file:
                return name, file.read()
        except (FileNotFoundError, NotADirectoryError):
            continue
    raise Damage(f"tile/{level}/{tile_path(index, width)} is missing")


def read_bundle(name, data, first_seq, width):
    """The entries of an entry bundle: big-endian u16 length and canonical entry, each."""
    at, entries = 0, []
    while at < len(data):
        length = int.from_bytes(data[at:at + 2], "big")
        entry = data[at + 2:at + 2 + length]
        if at + 2 + length > len(data):
            raise Damage(f"{name}: the last entry is cut off")
        fields = parse_entry(entry)
        if fields["seq"] != first_seq + len(entries):
            raise Damage(f"{name}: entry {len(entries)} has the seq {fields['seq']}")
        entries.append((fields["database_id"], entry))
        at += 2 + length
    if len(entries) not in (width, 256):
        raise Damage(f"{name}: {len(entries)} entries instead of {width}")
    return entries[:width]


def check_tiles(directory, size, root, vkey, report):
    """Recomputes every tile of the tree of this size from the entry bundles."""
    seen, ids, tree, level, hashes = set(), set(), Frontier(), 0, []
    for first in range(0, size, 256):
        width = min(256, size - first)
        name, data = read_tile(directory, "entries", first // 256, width, seen)
        for database_id, entry in read_bundle(name, data, first, width):
            ids.add(database_id)
            hashes.append(H(b"\x00", entry))
            tree.append(hashes[-1])
    if len(ids) > 1:
        report.damage("the entries belong to more than one database")
    while hashes:
        above = []
        for first in range(0, len(hashes), 256):
            row = hashes[first:first + 256]
            name, data = read_tile(directory, level, first // 256, len(row), seen)
            if len(data) not in (32 * len(row), 8192) or data[:32 * len(row)] != b"".join(row):
                report.damage("the hashes are not those of the entries", name)
            if len(row) == 256:
                subtree = Frontier()
                for one in row:
                    subtree.append(one)
                above.append(subtree.root())
        level, hashes = level + 1, above
    if tree.root() != root:
        report.damage(f"the root of the entries is {tree.root().hex()}, not {root.hex()}")
    report.facts.update(size=size, root=tree.root().hex(), levels=level, signature=UNSIGNED)
    for folder, _folders, names in os.walk(os.path.join(directory, "tile")):
        for name in sorted(names):
            file = os.path.relpath(os.path.join(folder, name), directory).replace(os.sep, "/")
            if file not in seen:
                report.note(f"{file} is no part of the tree of size {size}")
    check_tile_checkpoint(directory, size, root, vkey, report)


def check_tile_checkpoint(directory, size, root, vkey, report):
    try:
        with open(os.path.join(directory, "checkpoint"), "rb") as file:
            note_text, signatures = parse_note(file.read().decode("utf-8"))
    except FileNotFoundError:
        return report.damage("there is no checkpoint to check with the key") if vkey else report.note("there is no checkpoint file")
    origin, found_size, found_root = parse_checkpoint(note_text)
    if found_size != size:
        report.note(f"the checkpoint file is of size {found_size}")
    elif found_root != root:
        report.damage(f"the checkpoint's root is {found_root.hex()}", "checkpoint")
    if vkey:
        report.facts["signature"] = check_signature(note_text, signatures, origin, vkey)


# --- 8. Values ---------------------------------------------------------------------------------------------------------------


def parse_document(cursor, content):
    """The document in hex, with the padding behind it: only the document itself says where it ends."""
    content["document_hex"] = cursor.take(len(cursor.data) - cursor.at)


def printable(fields):
    """Fields as JSON can hold them: bytes in hex, the kind by name, a number that JSON does not have as text."""
    shown = {}
    for name, value in fields.items():
        if name == "kind":
            value = KINDS[value]
        elif name == "catalogue":
            value = {"number": value[0], "digest": value[1].hex()}
        elif isinstance(value, bytes):
            value = value.hex()
        elif isinstance(value, float) and value - value != 0:
            value = str(value)
        shown[name] = value
    return shown


# --- 10. Recovery (section 9, checkpoints, is derived data) ---------------------------------------------------------------------


def read_frame(segment, offset, history):
    """The whole frame at offset which continues the history, not yet verified beyond that."""
    frame = Frame(segment, offset)
    frame.require_header()
    if frame.first_seq != history.tree.size:
        raise NotWhole(f"the first seq is {frame.first_seq}, but {history.tree.size} continues the count")
    if frame.previous_hash != history.frame_hash:
        raise NotWhole("the hash of the previous frame does not fit")
    if history.commit_time is not None and frame.commit_time < history.commit_time:
        raise NotWhole(f"the commit time {frame.commit_time} is less than that of the frame before")
    at, end = frame.records_start, frame.records_start + frame.records_length
    for index in range(frame.count):
        record, at = read_record(frame, at, end, frame.first_seq + index)
        frame.records.append(record)
    if at != end:
        raise NotWhole("bytes are left over behind the last record")
    return frame


def verify_frame(frame, history):
    """Adds a whole frame to the history: catalogue, entries, root, frame hash, marks, HEAD."""
    report, where = history.report, (frame.segment.file, frame.offset, frame.first_seq)
    catalogue = read_catalogue(frame, *history.catalogue, report)
    history.catalogue_pending |= catalogue != history.catalogue
    history.catalogue = catalogue
    for record in frame.records:
        history.add(frame, record)
    if history.tree_fits and history.tree.root() != frame.root:
        history.tree_fits = False
        found = history.tree.root().hex()
        report.damage(f"the root after this frame is {found}, but it says {frame.root.hex()}; later roots are not compared", *where)
    if frame.records and not frame.records[-1].fields.get("last", True):
        report.note(f"the frame at {frame.address} does not end with the last operation of a transaction")
    if not is_zero(frame.segment.data, frame.records_start + frame.records_length, frame.offset + frame.length):
        report.damage("the padding of the frame is not zero", *where)
    verify_marks(frame, history, where)
    history.frame_hash, history.commit_time, history.frames = frame.hash(), frame.commit_time, history.frames + 1
    if frame.end == history.head.end:
        verify_head(history, history.head)


def verify_marks(frame, history, where):
    """Watermarks are ends of earlier frames and do not go back; epochs do not go back."""
    ends = history.frame_ends
    while ends and ends[0] < frame.watermark:
        ends.popleft()
    if frame.watermark < history.watermark:
        history.report.note(f"the watermark of the frame at {frame.address} is lower than an earlier one")
    elif frame.watermark > history.watermark and (not ends or ends[0] != frame.watermark):
        history.report.damage(f"the watermark {frame.watermark} is not the end of an earlier frame", *where)
    history.watermark = max(history.watermark, frame.watermark)
    ends.append(frame.end)
    if frame.epoch < history.epoch or frame.epoch > history.head.epoch:
        history.report.note(f"the epoch {frame.epoch} of the frame at {frame.address} is not between that of the frame before and that of HEAD")
    history.epoch = max(history.epoch, frame.epoch)


def verify_head(history, head):
    number, digest = history.catalogue
    now = {"frame hash": (history.frame_hash, head.frame_hash), "size": (history.tree.size, head.size), "root": (history.tree.root(), head.root),
           "number of catalogue records": (number, head.catalogue_records), "catalogue digest": (digest, head.catalogue_digest)}
    for name, (found, wanted) in now.items():
        if found != wanted:
            found, wanted = (value.hex() if isinstance(value, bytes) else value for value in (found, wanted))
            history.report.damage(f"HEAD says {name} {wanted}, but the log has {found} there", "HEAD")


def later_frame(database, end):
    """The first frame header above `end` that passes its check with its own address and has a watermark above `end`.

    Where the segment's header is not valid its salt may be wrong and no check can pass; a header that names its own address counts there."""
    for number in sorted(n for n in database.numbers if n >= end // database.head.segment_size):
        segment = database.segment(number)
        at = segment.data.find(b"NFRM", max(end - segment.first_address + 1, SEGMENT_HEADER_BYTES))
        while at >= 0:
            try:
                frame = Frame(segment, at) if at % FRAME_ALIGNMENT == 0 else None
            except (NotWhole, struct.error):
                frame = None
            if frame and frame.own_address == frame.address and frame.watermark > end and (frame.check_passes or segment.header_fails):
                return frame
            at = segment.data.find(b"NFRM", at + 1)
    return None


def end_log(database, report, end, reason):
    """Decides what the first frame that is not whole means: nothing written, a torn tail, or damage."""
    head, leftovers = database.head, 0
    for number in sorted(n for n in database.numbers if n >= end // head.segment_size):
        segment = database.segment(number)
        start = max(end - segment.first_address, SEGMENT_HEADER_BYTES)
        leftovers += len(segment.data[start:].rstrip(b"\0"))
        if number > end // head.segment_size + 1:
            report.damage(f"a segment file lies behind the one that follows the end of the log, address {end}", segment.file, 0)
        elif number > end // head.segment_size and not is_zero(segment.data):
            report.note(f"{segment.file} was begun, though the log ends at address {end} before it")
        if segment.problem and (number == 0 or not segment.header_fails):
            report.damage(segment.problem, segment.file, 0)
        elif segment.problem and not is_zero(segment.data):
            report.note(f"{segment.file}: {segment.problem}")
    where = (database.file_name(end // head.segment_size), end % head.segment_size)
    later = later_frame(database, end)
    if head.end > end:
        report.damage(f"the log ends at address {end}, below HEAD's end address {head.end}: {reason}", *where)
    elif later:
        report.damage(f"the log is corrupt at address {end}, as the frame at {later.address} knows it durable: {reason}", *where)
    elif leftovers:
        report.note(f"torn tail of {leftovers} bytes at address {end}: {reason}")


def walk(database, report, expected=None):
    """Yields every whole frame, verified, and ends with the verdict on what follows the last one."""
    head = database.head
    history, end, reason = History(head, report, expected), SEGMENT_HEADER_BYTES, "there is no segment file"
    lineage_id, head_seen = None, head.end <= SEGMENT_HEADER_BYTES
    if head_seen:
        verify_head(history, head)
    while True:
        segment = database.segment(end // head.segment_size)
        if segment is None or end % head.segment_size > head.segment_size - 64:
            break
        try:
            if segment.problem:
                raise NotWhole(segment.problem)
            if segment.lineage_id != (lineage_id or segment.lineage_id):
                raise Damage("segment header: the lineage id is not that of the segments before")
            lineage_id = segment.lineage_id
            frame = read_frame(segment, end % head.segment_size, history)
            verify_frame(frame, history)
        except NotWhole as why:
            reason = str(why)
            break
        except Damage as why:
            report.damage(str(why), segment.file, end % head.segment_size, history.tree.size)
            reason = None
            break
        head_seen = head_seen or frame.end == head.end
        yield frame
        end = frame.end
        if frame.seal:
            if not is_zero(segment.data, end - segment.first_address):
                report.damage("bytes behind the seal are not zero", segment.file, end - segment.first_address)
            end = (segment.number + 1) * head.segment_size + SEGMENT_HEADER_BYTES
            reason = "the next segment file is missing"
    if reason is not None:
        end_log(database, report, end, reason)
        if not head_seen and head.end <= end:
            report.damage(f"HEAD's end address {head.end} is not the end of a frame", "HEAD")
    finish(history, database, end, lineage_id)


def finish(history, database, end, lineage_id):
    report, expected = history.report, history.expected
    if expected and expected[0] == 0 and expected[1] not in (EMPTY_ROOT, NO_DIGEST):
        report.damage("the expected root of the empty tree is neither H of the empty string nor zeros")
    if expected and expected[0] > history.tree.size:
        report.damage(f"the log has only {history.tree.size} of the {expected[0]} entries of the expected head: rolled back")
    report.facts.update(
        size=history.tree.size, root=history.tree.root().hex(), entries=history.tree.size, frames=history.frames,
        catalogue_records=history.catalogue[0], catalogue_digest=history.catalogue[1].hex(), last_frame_hash=history.frame_hash.hex(),
        commit_time=history.commit_time, end=end, durable_end=max(history.watermark, database.head.end), segments=len(database.numbers),
        database_id=database.head.database_id.hex(), lineage_id=lineage_id.hex() if lineage_id else None,
        generation=database.head.generation, epoch=database.head.epoch)


# --- The commands ------------------------------------------------------------------------------------------------------------


def verify_directory(path, expected=None):
    """The report on a database directory; expected is (size, root) or None."""
    report = Report()
    database = Database(path, report)
    if database.head:
        for _frame in walk(database, report, expected):
            pass
    return report


def dump_entries(path, limit, report):
    """Yields the printable form of each entry, as it is verified."""
    database, shown = Database(path, report), 0
    for frame in walk(database, report) if database.head else ():
        for record in frame.records:
            if limit is not None and shown >= limit:
                return
            shown += 1
            fields = {name: value for name, value in record.fields.items() if name not in ("database_id", "seq", "time", "payload_length")}
            yield printable({"seq": record.seq, "time": frame.commit_time, **fields, **record.content})


def parse_head(text):
    match = re.fullmatch(r"(\d{1,19}):([0-9a-fA-F]{64})", text)
    if not match:
        raise argparse.ArgumentTypeError("SIZE:HEX with 64 hex digits is expected")
    return int(match[1]), bytes.fromhex(match[2])


def parse_root(text):
    return parse_head("0:" + text)[1]


def parse_count(text):
    if not re.fullmatch(r"\d{1,19}", text):
        raise argparse.ArgumentTypeError("a number is expected")
    return int(text)


def arguments():
    parser = argparse.ArgumentParser(prog="nedb_check.py", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    verify = commands.add_parser("verify", help="check a database directory")
    verify.add_argument("path", metavar="DIR")
    verify.add_argument("--expect-head", metavar="SIZE:HEX", type=parse_head, help="the history must contain this head")
    proof = commands.add_parser("proof", help="check an exported inclusion proof")
    proof.add_argument("path", metavar="FILE")
    tiles = commands.add_parser("tiles", help="check an exported tile directory")
    tiles.add_argument("path", metavar="DIR")
    tiles.add_argument("--size", metavar="N", type=parse_count, required=True)
    tiles.add_argument("--root", metavar="HEX", type=parse_root, required=True)
    for command in (proof, tiles):
        command.add_argument("--key", metavar="VKEY", help="the verifier key that must have signed the checkpoint")
    for command in (verify, proof, tiles):
        command.add_argument("--json", action="store_true", help="print the report as JSON")
    dump = commands.add_parser("dump", help="print the entries of a database, one JSON object per line")
    dump.add_argument("path", metavar="DIR")
    dump.add_argument("--limit", metavar="N", type=parse_count)
    return parser


def run(options):
    report = Report()
    try:
        if options.command == "verify":
            report = verify_directory(options.path, options.expect_head)
        elif options.command == "dump":
            for entry in dump_entries(options.path, options.limit, report):
                print(json.dumps(entry, ensure_ascii=False))
        elif options.command == "tiles":
            root = EMPTY_ROOT if options.size == 0 and options.root == NO_DIGEST else options.root
            check_tiles(options.path, options.size, root, options.key, report)
        else:
            with open(options.path, "rb") as file:
                check_proof(file.read().decode("utf-8"), options.key, report)
    except Damage as reason:
        report.damage(str(reason))
    except UnicodeDecodeError:
        report.damage("not UTF-8 text", options.path)
    return report


def main(argv=None):
    options = arguments().parse_args(argv)
    try:
        if getattr(options, "key", None):
            parse_vkey(options.key)
        report = run(options)
    except (OSError, Damage) as problem:
        print(f"nedb_check: {problem}", file=sys.stderr)
        return 2
    if options.command == "dump":
        if report.found or report.notes:
            print(report.as_text(), file=sys.stderr)
    elif options.json:
        print(json.dumps(report.as_json(), indent=1, ensure_ascii=False))
    else:
        print(report.as_text())
    if report.facts.get("signature") == UNSIGNED and options.command == "proof":
        print("WARNING: NO --key WAS GIVEN: THE SIGNATURE WAS NOT CHECKED, ANYONE CAN HAVE MADE THIS PROOF", file=sys.stderr)
    return 1 if report.found else 0


if __name__ == "__main__":
    sys.exit(main())
