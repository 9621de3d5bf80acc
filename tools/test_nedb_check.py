"""Tests of nedb_check.py: databases, proofs and tiles from a second, minimal writer, and what the checker says of them.

The writer below is made from docs/format.md alone, in the plainest way (a recursive tree, affine curve arithmetic, a byte-wise
check), so that it shares no mistake with the checker. Run it with: python3 -m unittest discover -s tools
"""

import base64
import contextlib
import functools
import hashlib
import io
import json
import os
import shutil
import struct
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import nedb_check  # noqa: E402

SEGMENT = 65536
DATABASE_ID = bytes(range(16))
TIME = 1_700_000_000_000_000
FLAG_CHAIN, FLAG_POINTER = 1, 2
PUT, DELETE, LINK, UNLINK, NOOP, EXPIRE = 1, 2, 3, 4, 6, 7


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def crc32c(data, seed=0):
    state = seed ^ 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 * (state & 1))
    return state ^ 0xFFFFFFFF


def pad(data, to):
    return data + bytes(-len(data) % to)


def tree_root(leaves):
    """RFC 6962, 2.1, as it is written there."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\x01", tree_root(leaves[:k]), tree_root(leaves[k:]))


def tree_path(index, leaves):
    """RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    if index < k:
        return tree_path(index, leaves[:k]) + [tree_root(leaves[k:])]
    return tree_path(index - k, leaves[k:]) + [tree_root(leaves[:k])]


class Writer:
    """Writes a database directory; `log` is the bytes of all segments, by address."""

    def __init__(self):
        self.log, self.leaves, self.entries, self.frame_ends = bytearray(), [], [], []
        self.previous_hash, self.catalogue, self.new_catalogue, self.epoch, self.watermark = bytes(32), (0, bytes(32)), False, 1, 0
        self.addresses, self.versions, self.time = [], {}, TIME
        self.begin_segment()

    def begin_segment(self):
        number = len(self.log) // SEGMENT
        self.log = bytearray(pad(bytes(self.log), SEGMENT))
        self.salt = sha(b"salt", bytes([number]))
        header = struct.pack("<8sIIQQ16s16sQI4B32sq", b"NEDBSEGM", 1, 4096, 0, 0, DATABASE_ID, DATABASE_ID, len(self.log), SEGMENT, 1, 1, 0, 0,
                             self.salt, TIME)
        header = header.ljust(4092, b"\0")
        self.log += header + struct.pack("<I", crc32c(header))

    def check(self, address, data):
        return struct.pack("<I", crc32c(struct.pack("<Q", address) + data, crc32c(self.salt + DATABASE_ID)))

    def unit(self, address, data):
        return data + self.check(address, data) + bytes(12)

    def frame(self, operations=(), vkeys=(), seal=False, mutate=None):
        """One group commit. `mutate` may change the pieces before they are hashed and checked, to make a consistent lie."""
        self.time += 1
        address, first_seq, change = len(self.log), len(self.leaves), mutate or (lambda name, value: value)
        catalogue = b""
        for vkey in vkeys:
            number = self.catalogue[0] + 1
            kind, body = (1, vkey.encode()) if isinstance(vkey, str) else vkey
            record = struct.pack("<QQH", number, first_seq, change("catalogue kind", kind)) + body
            digest = sha(b"\x04", self.catalogue[1], record)
            catalogue += struct.pack("<I", 4 + len(record) + 32) + record + digest
            self.catalogue, self.new_catalogue = (number, digest), True
        catalogue = change("catalogue records", catalogue)
        shared_length = 96 + len(pad(catalogue, 16))
        records = b""
        for index, operation in enumerate(operations):
            record, _body = self.record(address, 64 + shared_length + len(records), dict(operation), index + 1 == len(operations), change)
            records += record
        root = change("root", tree_root(self.leaves))
        shared = struct.pack("<QIIq32s32sII", first_seq, len(operations), len(vkeys), change("time", self.time), self.previous_hash, root,
                             len(catalogue), 0) + pad(catalogue, 16)
        frame = pad(bytes(64) + shared + records, 64)
        local = struct.pack("<4sBBHQQQIII16s", b"NFRM", change("version", 1), seal, 0, address, self.epoch, change("watermark", self.watermark),
                            shared_length, len(records), len(frame), bytes(16))
        local = change("local header", local)
        self.log += local + self.check(address, local + shared) + frame[64:]
        self.previous_hash = sha(b"\x03", shared)
        self.watermark = self.frame_ends[-1] if self.frame_ends else 0
        self.frame_ends.append(len(self.log))
        if seal:
            self.begin_segment()
        return self

    def record(self, frame_address, distance, operation, last, change):
        seq, address, kind = len(self.leaves), frame_address + distance, operation["kind"]
        content = self.content(operation, kind)
        payload = pad(sha(b"payload", struct.pack("<Q", seq))[:16] + change("content", content), 16)
        key = (operation.get("collection", "c"), operation.get("id", "k"), operation.get("to"))
        versions = self.versions.setdefault(key, [])
        target = operation.get("target")
        tail, flags, links, local_flags = b"", 0x0200 | last, b"", 0
        if "causes" in operation:
            flags |= 0x0004
            tail += struct.pack(f"<H{len(operation['causes'])}Q", len(operation["causes"]), *operation["causes"])
        if "confidence" in operation:
            flags |= 0x0008
            tail += struct.pack("<d", operation["confidence"])
        depth = jump = 0
        if versions and kind != NOOP:
            flags, local_flags, depth = flags | 0x0080, local_flags | FLAG_CHAIN, len(versions)
            tail += struct.pack("<Q", change("previous", versions[-1][0]))
            p = versions[-1]
            j = versions[p[1]]
            k = versions[j[1]]
            jump = k[2] if p[2] - j[2] == j[2] - k[2] else p[2]
            shown = versions[change("jump", jump)][0]
            links += struct.pack("<QQQII", self.addresses[p[0]], self.addresses[shown], shown, change("depth", depth), 0)
        if kind != NOOP:
            versions.append((seq, jump, depth))
        if target is not None:
            flags, local_flags = flags | 0x0100, local_flags | FLAG_POINTER
            tail += struct.pack("<Q", target)
            links += struct.pack("<Q", change("pointer", self.addresses[target]))
        tail += change("commitment", sha(b"\x02", payload))
        if self.new_catalogue:
            flags, self.new_catalogue = flags | 0x0400, False
            tail += struct.pack("<Q32s", *change("catalogue", self.catalogue))
        texts = b"".join(struct.pack("<B", len(t)) + t.encode() for t in (operation.get("collection", "c"), operation.get("client", "me")))
        body = struct.pack("<BH", change("kind", kind), change("flags", flags)) + texts + struct.pack("<Q", 1000 + seq) + tail
        body = change("body", body)
        unit_body = pad(struct.pack("<HHIQIB3s", 0, 0, 0, 0, 0, 0, b"") + links + body, 16)
        head = struct.pack("<HHIQIB3s", len(unit_body) + 16, len(body), len(payload) + 16, change("seq", seq), distance, local_flags, b"")
        head = change("unit header", head)
        unit = self.unit(address, head + unit_body[24:])
        entry = b"NEDB\x01" + DATABASE_ID + struct.pack("<QqI", seq, self.time, len(payload)) + body
        self.entries.append(entry)
        self.leaves.append(sha(b"\x00", entry))
        self.addresses.append(address)
        return unit + self.unit(address + len(unit), payload), body

    @staticmethod
    def content(operation, kind):
        key, flags, fields = operation.get("id", "k").encode(), 0, b""
        if kind in (LINK, UNLINK):
            flags, to = 0x01, operation["to"].encode()
            fields = b"\x04near\x01c" + struct.pack("<H", len(to)) + to
        if "evidence" in operation:
            flags |= 0x02
            fields += struct.pack("<H", len(operation["evidence"])) + operation["evidence"].encode()
        if kind == PUT:
            flags |= 0x40
            fields += DOCUMENT
        return struct.pack("<BH", flags, len(key)) + key + fields

    NOTHING = (0, bytes(32), 0, sha(b""), 0, bytes(32))

    def head(self):
        """What HEAD says when every frame is known durable: end, frame hash, size, root, catalogue."""
        return self.frame_ends[-1], self.previous_hash, len(self.leaves), tree_root(self.leaves), *self.catalogue

    def write(self, path, state=None, generation=3):
        os.makedirs(os.path.join(path, "log"))
        open(os.path.join(path, "LOCK"), "wb").close()
        slots = {}
        for g, s in ((generation - 1, self.NOTHING), (generation, state or self.head())):
            slot = struct.pack("<8sII16sQQQ32sQ32sQ32sI16s", b"NEDBHEAD", 1, 192, DATABASE_ID, g, self.epoch, *s, SEGMENT, bytes(16))
            slots[g % 2] = (slot + struct.pack("<I", crc32c(slot))).ljust(4096, b"\0")
        with open(os.path.join(path, "HEAD"), "wb") as file:
            file.write(slots[0] + slots[1])
        for first in range(0, len(self.log), SEGMENT):
            with open(os.path.join(path, "log", f"{first:016x}.seg"), "wb") as file:
                file.write(self.log[first:first + SEGMENT])
        return path


DOCUMENT = b"{}"  # stands for one value of section 8
ORIGIN = "example.com/db"

# Ed25519 signing (RFC 8032, 5.1.6) in affine coordinates.
Q, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, -1, Q) % Q
BASE = (15112221349535400772501151409588531511454012693041857206046113283949847762202,
        46316835694926478169428394003475163141307993866256225615783033603165251855960)


def add(a, b):
    t = CURVE_D * a[0] * b[0] * a[1] * b[1] % Q
    return (a[0] * b[1] + b[0] * a[1]) * pow(1 + t, -1, Q) % Q, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, Q) % Q


def multiply(scalar, point):
    result = (0, 1)
    for bit in bin(scalar)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def expand(seed):
    h = bytearray(hashlib.sha512(seed).digest())
    h[0] &= 248
    h[31] = h[31] & 127 | 64
    return int.from_bytes(h[:32], "little"), bytes(h[32:])


def public_key(seed):
    return encode(multiply(expand(seed)[0], BASE))


def sign(seed, message):
    secret, prefix = expand(seed)
    public = public_key(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % ORDER
    point = encode(multiply(r, BASE))
    k = int.from_bytes(hashlib.sha512(point + public + message).digest(), "little") % ORDER
    return point + ((r + k * secret) % ORDER).to_bytes(32, "little")


def b64(data):
    return base64.b64encode(data).decode()


SEED = sha(b"the signing seed of these tests")
TYPED_KEY = b"\x01" + public_key(SEED)
KEY_ID = sha(ORIGIN.encode(), b"\n", TYPED_KEY)[:4]
VKEY = f"{ORIGIN}+{KEY_ID.hex()}+{b64(TYPED_KEY)}"


def checkpoint(leaves):
    text = f"{ORIGIN}\n{len(leaves)}\n{b64(tree_root(leaves))}\n"
    return f"{text}\n\u2014 {ORIGIN} {b64(KEY_ID + sign(SEED, text.encode()))}\n"


def small_log(mutate=None):
    """Every kind of version 1, a chain of six versions, a catalogue change, causes, evidence, an expiry, two segments."""
    writer = Writer()
    writer.frame([{"kind": PUT}, {"kind": PUT, "id": "other", "collection": "d", "evidence": "seen"}], vkeys=[VKEY], mutate=mutate)
    writer.frame([{"kind": PUT}, {"kind": LINK, "to": "other", "causes": [0, 1], "confidence": 0.5}])
    writer.frame([{"kind": PUT}, {"kind": PUT}, {"kind": PUT}, {"kind": NOOP, "id": ""}])
    writer.frame(seal=True)
    writer.frame([{"kind": DELETE}, {"kind": UNLINK, "to": "other"}, {"kind": EXPIRE, "id": "other", "collection": "d", "target": 1}])
    writer.frame([{"kind": PUT}])
    return writer


class TemporaryDirectory(unittest.TestCase):
    def setUp(self):
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = tempfile.mkdtemp(prefix="nedb-check-", dir=base)
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "db")
        # The checks of unchanged bytes are the same each time, and these tests ask for them many thousand times.
        patch = unittest.mock.patch.object(nedb_check, "crc", functools.lru_cache(maxsize=4096)(nedb_check.crc))
        patch.start()
        self.addCleanup(patch.stop)

    def run_tool(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = nedb_check.main(list(arguments))
            except SystemExit as stop:
                code = stop.code
        return code, out.getvalue(), err.getvalue()

    def verify(self, *more):
        code, out, _ = self.run_tool("verify", self.path, "--json", *more)
        report = json.loads(out)
        self.assertEqual(code, 1 if report["damage"] else 0)
        return report

    def assert_damaged(self, report, text):
        self.assertTrue(any(text in one["what"] for one in report["damage"]), report["damage"])

    def file(self, name):
        return os.path.join(self.path, *name.split("/"))

    def read(self, name):
        with open(self.file(name), "rb") as file:
            return file.read()

    def put(self, name, data):
        with open(self.file(name), "wb") as file:
            file.write(data)


class Verify(TemporaryDirectory):
    FIRST, SECOND = "log/0000000000000000.seg", "log/0000000000010000.seg"

    def test_a_good_database_is_ok_with_its_size_and_root(self):
        writer = small_log()
        writer.write(self.path)
        report = self.verify()
        self.assertEqual((report["verdict"], report["damage"], report["notes"]), ("ok", [], []))
        self.assertEqual((report["size"], report["root"]), (len(writer.leaves), tree_root(writer.leaves).hex()))
        self.assertEqual((report["frames"], report["catalogue_records"], report["signers"], report["segments"]), (6, 1, [VKEY], 2))

    def test_an_empty_database_is_ok(self):
        Writer().write(self.path, state=Writer.NOTHING)
        report = self.verify("--expect-head", "0:" + "0" * 64)
        self.assertEqual((report["verdict"], report["notes"], report["root"]), ("ok", [], sha(b"").hex()))

    def test_a_file_shorter_than_the_segment_reads_as_zeros(self):
        small_log().write(self.path)
        data = self.read(self.SECOND)
        self.put(self.SECOND, data.rstrip(b"\0").ljust(len(data.rstrip(b"\0")) + 12, b"\0"))
        self.assertEqual(self.verify()["notes"], [])

    def test_text_output_names_the_place_of_the_damage(self):
        small_log().write(self.path)
        data = bytearray(self.read(self.FIRST))
        data[4096 + 200] ^= 1
        self.put(self.FIRST, data)
        code, out, _ = self.run_tool("verify", self.path)
        self.assertEqual(code, 1)
        self.assertIn(f"damage: {self.FIRST} offset 4096", out)
        self.assertIn("verdict: damaged", out)

    def flips(self, name, offsets, bits):
        data = bytearray(self.read(name))
        for offset in offsets:
            for bit in bits(offset):
                data[offset] ^= 1 << bit
                self.put(name, data)
                yield offset, bit, nedb_check.verify_directory(self.path)
                data[offset] ^= 1 << bit

    def test_each_bit_flip_below_the_durable_mark_is_damage(self):
        writer = Writer().frame([{"kind": PUT}], vkeys=[VKEY]).frame([{"kind": DELETE}, {"kind": EXPIRE, "target": 0}])
        writer.write(self.path)
        for offset, bit, report in self.flips(self.FIRST, range(4096, writer.frame_ends[-1]), lambda _: range(8)):
            self.assertTrue(report.found, f"{offset} bit {bit} is not detected")

    def test_a_bit_flip_at_each_byte_of_headers_seals_and_every_kind_is_damage(self):
        writer = small_log()
        writer.write(self.path)
        header = [*range(120), *range(120, 4092, 64), *range(4092, 4096)]
        for name, start, end in ((self.FIRST, 0, SEGMENT), (self.SECOND, SEGMENT, writer.frame_ends[-1])):
            frames = range(4096, max(at for at in writer.frame_ends if at <= end) - start)
            for offset, bit, report in self.flips(name, [*header, *frames], lambda at: [at % 8]):
                self.assertTrue(report.found, f"{name} {offset} bit {bit} is not detected")

    def test_each_bit_flip_above_the_durable_mark_is_damage_or_a_reported_torn_tail(self):
        writer = small_log()
        writer.write(self.path, state=Writer.NOTHING)
        last = self.read(self.SECOND).rstrip(b"\0")
        for offset, bit, report in self.flips(self.SECOND, range(4096, len(last)), lambda at: [at % 8]):
            self.assertTrue(report.found or report.notes, f"{offset} bit {bit} is not detected")
        last_frame = writer.frame_ends[-2] - SEGMENT
        data = bytearray(last.ljust(SEGMENT, b"\0"))
        data[last_frame + 170] ^= 4
        self.put(self.SECOND, data)
        report = self.verify()
        self.assertEqual(report["verdict"], "ok")
        self.assertIn("torn tail", report["notes"][0])
        self.assertEqual(report["size"], len(writer.leaves) - 1)

    def test_each_bit_flip_in_the_newer_head_slot_is_noticed(self):
        small_log().write(self.path)
        for offset, bit, report in self.flips("HEAD", [*range(4096, 4096 + 192), 4096 + 192, 8191], lambda at: range(8)):
            self.assertTrue(report.found or report.notes, f"HEAD {offset} bit {bit} is not detected")

    def test_a_log_truncated_below_the_durable_mark_is_damage_at_every_length(self):
        small_log().write(self.path)
        data = self.read(self.SECOND).rstrip(b"\0")
        for length in range(0, len(data), 7):
            self.put(self.SECOND, data[:length])
            self.assertTrue(nedb_check.verify_directory(self.path).found, length)
        os.unlink(self.file(self.SECOND))
        self.assert_damaged(self.verify(), "below HEAD's end address")

    def test_a_truncated_tail_above_the_durable_mark_is_a_note(self):
        writer = small_log()
        writer.write(self.path, state=Writer.NOTHING)
        data, last_frame = self.read(self.SECOND).rstrip(b"\0"), writer.frame_ends[-2] - SEGMENT
        for length in range(last_frame + 1, len(data), 5):
            self.put(self.SECOND, data[:length])
            report = nedb_check.verify_directory(self.path)
            self.assertEqual((report.found, report.facts["size"]), ([], len(writer.leaves) - 1), length)
            self.assertIn("torn tail", report.notes[0])
        self.put(self.SECOND, data[:last_frame])
        self.assertEqual(self.verify()["notes"], [])

    def test_damage_that_a_later_watermark_knows_durable_is_damage_without_head(self):
        writer = small_log()
        writer.write(self.path, state=Writer.NOTHING)
        data = bytearray(self.read(self.FIRST))
        data[4096 + 300] ^= 1
        self.put(self.FIRST, data)
        self.assert_damaged(self.verify(), "is corrupt at address 4096")

    def test_a_wrong_root_is_damage(self):
        small_log(lambda name, value: sha(b"lie") if name == "root" else value).write(self.path)
        self.assert_damaged(self.verify(), "the root after this frame")

    def lie(self, name, mutate, expected, **operation):
        """Expects damage from a database whose third and last durable frame is changed before it is hashed and checked."""
        vkeys = operation.pop("vkeys", [VKEY])
        writer = Writer().frame([{"kind": PUT}]).frame([{"kind": PUT}])
        change = lambda field, value: mutate(value) if field == name else value  # noqa: E731
        writer.frame([operation] if operation.get("kind", PUT) else [], vkeys=vkeys, seal=operation.pop("seal", False), mutate=change)
        found = [one["what"] for one in nedb_check.verify_directory(writer.write(tempfile.mkdtemp(dir=self.folder) + "/db")).found]
        self.assertTrue(any(expected in what for what in found), (name, expected, found))

    def test_each_consistent_lie_of_a_writer_is_damage(self):
        lies = {"time": (TIME - 5, "the commit time"), "commitment": (sha(b"lie"), "is not the commitment"), "depth": (9, "chain: previous"),
                "pointer": (4096, "payload pointer"), "watermark": (4160, "not the end of an earlier frame"), "version": (2, "frame version"),
                "kind": (5, "kind 5"), "flags": (0x8201, "unknown flags"), "catalogue": ((1, sha(b"lie")), "catalogue"),
                "catalogue kind": (4, "has the kind 4"), "previous": (0, "chain: previous seq is 0"), "seq": (7, "belongs to another place")}
        for name, (value, expected) in lies.items():
            self.lie(name, lambda _, value=value: value, expected, kind=EXPIRE, target=0)
        self.lie("watermark", lambda _: 1 << 40, "above the frame itself", kind=PUT)
        self.lie("previous", lambda _: 2, "is not below the own seq", kind=PUT)

    def test_each_consistent_lie_in_a_frame_header_is_damage(self):
        for offset in (5, 6, 50):
            self.lie("local header", lambda b, at=offset: b[:at] + b"\x08" + b[at + 1:], "must be zero", kind=PUT)
        self.lie("local header", lambda b: b[:8] + b"\x08" + b[9:], "names the address", kind=PUT)
        self.lie("local header", lambda b: b[:40] + b"\x08" + b[41:], "lengths in the frame header", kind=PUT)
        self.lie("none", None, "seal flag", kind=PUT, seal=True)
        self.lie("none", None, "verifier key is not valid", kind=PUT, vkeys=["example.com"])
        self.lie("none", None, "verifier key is not valid", kind=PUT, vkeys=[VKEY.replace("example", "exomple")])
        for body in (b"\x04", b"\x01\x00\x01c\x02\x01a\x01b", b"\x03\x00\x01c\x02\x01b\x01a", b"\x03\x80\x00\x01c\x00", b"\x03\x00\x01\xff\x00"):
            self.lie("none", None, "catalogue record 1", kind=PUT, vkeys=[(2, body)])
        self.lie("none", None, "drops the index 7, which is not in force", kind=PUT, vkeys=[(3, struct.pack("<Q", 7))])
        self.lie("catalogue records", lambda b: b + bytes(4), "bytes are left over", kind=PUT)
        self.lie("catalogue records", lambda b: bytes(4) + b[4:], "is too small", kind=PUT)
        self.lie("catalogue records", lambda b: b[:4] + b"\x02" + b[5:], "does not continue the catalogue", kind=PUT)

    def test_index_definitions_are_read_and_the_next_entry_seals_them(self):
        writer = small_log()
        created = writer.catalogue[0] + 1
        writer.frame([], vkeys=[(2, b"\x03\x07english\x01c\x02\x01a\x01b"), (2, b"\x01\x00\x01c\x01\x01a")])
        writer.frame([], vkeys=[(3, struct.pack("<Q", created))])
        writer.frame([{"kind": PUT}])
        report = nedb_check.verify_directory(writer.write(tempfile.mkdtemp(dir=self.folder) + "/db"))
        self.assertEqual([one["what"] for one in report.found], [])
        self.assertEqual(report.facts["indexes"], {str(created + 1): {"kind": "eq", "stemming": "", "collection": "c", "paths": ["a"]}})

    def test_each_consistent_lie_in_a_record_is_damage(self):
        self.lie("unit header", lambda b: b[:2] + b"\xff" + b[3:], "lengths of the entry unit", kind=PUT)
        self.lie("unit header", lambda b: b[:16] + b"\x01" + b[17:], "belongs to another place", kind=PUT)
        self.lie("unit header", lambda b: b[:21] + b"\x01" + b[22:], "must be zero", kind=PUT)
        self.lie("body", lambda b: b + b"\0", "body: bytes are left over", kind=PUT)
        self.lie("body", lambda b: b[:3] + b"\xff" + b[4:], "does not fit", kind=PUT)
        self.lie("body", lambda b: b[:4] + b"\xff" + b[5:], "is not UTF-8", kind=PUT)
        without = lambda b, flag, start, end: b[:1] + struct.pack("<H", (b[1] | b[2] << 8) & ~flag) + b[3:start] + b[end:]  # noqa: E731
        self.lie("body", lambda b: without(b, 0x0200, len(b) - 32, len(b)), "payload length and commitment", kind=PUT, vkeys=[])
        self.lie("body", lambda b: without(b, 0x0400, len(b) - 40, len(b)), "does not carry the catalogue digest", kind=PUT)
        self.lie("body", lambda b: without(b, 0x0080, 16, 24), "chain flag and the body's previous seq", kind=PUT)
        for causes in ([1, 0], [1, 1], [0, 2]):
            self.lie("none", None, "causes do not ascend", kind=PUT, causes=causes)
        self.lie("none", None, "is longer than 16384", kind=PUT, causes=[0] * 2100)
        self.lie("content", lambda b: bytes([b[0] | 0x80]) + b[1:], "content: unknown flags", kind=PUT)
        self.lie("content", lambda b: bytes([b[0] & ~0x40]) + b[1:], "document flag", kind=PUT)
        self.lie("content", lambda b: bytes([b[0] | 0x40]) + b[1:], "document flag", kind=DELETE)
        self.lie("content", lambda b: bytes([b[0] & ~0x01]) + b[1:], "relation flag", kind=LINK, to="x")
        self.lie("content", lambda b: b + b"\x01", "content: more than zero padding", kind=DELETE)
        self.lie("content", lambda b: b[:1] + b"\xff" + b[2:], "does not fit", kind=DELETE)

    def test_odd_but_allowed_states_of_frames_are_notes(self):
        odd = {"watermark": lambda _: 0, "local header": lambda b: b[:16] + b"\x09" + b[17:], "flags": lambda flags: flags & ~1}
        for name, change in odd.items():
            writer = Writer()
            for _ in range(3):
                writer.frame([{"kind": PUT}])
            writer.frame([{"kind": PUT}], mutate=lambda field, value: change(value) if field == name else value)
            report = nedb_check.verify_directory(writer.write(os.path.join(self.folder, name)))
            self.assertEqual((report.found, len(report.notes)), ([], 1), name)

    def test_a_lost_or_begun_next_segment_without_frames_is_no_damage(self):
        writer = Writer().frame([{"kind": PUT}]).frame(seal=True)
        writer.write(self.path)
        self.assertEqual((self.verify()["verdict"], self.verify()["notes"]), ("ok", []))
        for name, length, notes in (("log/0000000000010000.seg", 100, 1), ("log/0000000000010000.seg", 0, 0)):
            self.put(name, self.read(name)[:length])
            report = self.verify()
            self.assertEqual((report["verdict"], len(report["notes"])), ("ok", notes))
        self.put("log/0000000000020000.seg", b"")
        self.assertEqual(self.verify()["verdict"], "ok", "the one behind may be ready before any frame of its predecessor is durable")
        self.put("log/0000000000030000.seg", b"")
        self.assert_damaged(self.verify(), "behind the one that follows the end of the log")
        os.unlink(self.file("log/0000000000030000.seg"))
        os.unlink(self.file("log/0000000000020000.seg"))
        os.unlink(self.file("log/0000000000010000.seg"))
        self.assertEqual((self.verify()["verdict"], self.verify()["notes"]), ("ok", []))

    def test_the_jump_rule_is_checked_at_every_version_of_a_long_chain(self):
        # From the page's rule by hand: depth of the jump version of the versions of depth 1 to 15.
        expected = [0, 1, 0, 3, 4, 3, 0, 7, 8, 7, 10, 11, 10, 7, 0]
        for length in range(1, 16):
            for lie in (False, True):
                writer, path = Writer(), os.path.join(self.folder, f"{length}-{lie}")
                for _ in range(length):
                    writer.frame([{"kind": PUT}])
                writer.frame([{"kind": PUT}], mutate=lambda name, value: (expected[length - 1] + lie) % length if name == "jump" else value)
                self.assertEqual(bool(nedb_check.verify_directory(writer.write(path)).found), lie and length > 1, (length, lie))

    def test_swapped_frames_are_damage(self):
        writer = Writer()
        for name in "abc":
            writer.frame([{"kind": PUT, "id": name}])
        writer.write(self.path)
        a, b, c = writer.frame_ends
        data = self.read(self.FIRST)
        self.assertEqual(b - a, c - b)
        self.put(self.FIRST, data[:a] + data[b:c] + data[a:b] + data[c:])
        self.assertTrue(self.verify()["damage"])

    def test_a_frame_of_another_database_is_damage(self):
        writer = small_log()
        writer.write(self.path)
        data = bytearray(self.read(self.SECOND))
        data[:4096] = self.read(self.FIRST)[:4096]
        self.put(self.SECOND, data)
        self.assertTrue(self.verify()["damage"])

    def test_the_expected_head_must_be_in_the_history(self):
        writer = small_log()
        writer.write(self.path)
        for size in range(1, len(writer.leaves) + 1):
            good = tree_root(writer.leaves[:size]).hex()
            self.assertEqual(self.verify("--expect-head", f"{size}:{good}")["verdict"], "ok")
        self.assert_damaged(self.verify("--expect-head", f"3:{sha(b'x').hex()}"), "not the expected")
        self.assert_damaged(self.verify("--expect-head", f"99:{good}"), "rolled back")
        self.assertEqual(self.run_tool("verify", self.path, "--expect-head", "3:zz")[0], 2)

    def test_missing_extra_and_foreign_files_are_found(self):
        small_log().write(self.path)
        self.put("log/notes.txt", b"")
        self.put("stray", b"")
        notes = self.verify()["notes"]
        self.assertIn("log/notes.txt is not a segment file", notes)
        self.assertIn("stray does not belong to a database", notes)
        self.put("log/0000000000010001.seg", b"")
        self.assert_damaged(self.verify(), "not a segment of this database")
        os.unlink(self.file("log/0000000000010001.seg"))
        self.put("log/0000000000020000.seg", self.read(self.SECOND))
        self.assert_damaged(self.verify(), "segment header: first address is 65536")
        os.unlink(self.file("log/0000000000020000.seg"))
        os.unlink(self.file(self.FIRST))
        self.assert_damaged(self.verify(), "segment file is missing")
        os.unlink(self.file("HEAD"))
        self.assert_damaged(self.verify(), "no HEAD")
        self.assertEqual(self.run_tool("verify", self.file("nowhere"))[0], 2)

    def test_a_torn_slot_leaves_the_other(self):
        writer = small_log()
        writer.write(self.path)
        head = self.read("HEAD")
        self.put("HEAD", head[:4096] + bytes(4096))
        self.assertEqual(self.verify()["verdict"], "ok")
        self.put("HEAD", bytes(8192))
        self.assert_damaged(self.verify(), "no slot is valid")

    def reseal(self, name, start, length, offset, value):
        """Changes bytes of a slot or header of this length and makes its check fit again."""
        data = bytearray(self.read(name))
        data[start + offset:start + offset + len(value)] = value
        data[start + length - 4:start + length] = struct.pack("<I", crc32c(bytes(data[start:start + length - 4])))
        self.put(name, data)

    def test_each_consistent_lie_in_head_is_damage(self):
        small_log().write(self.path)
        good, number = self.read("HEAD"), struct.Struct("<Q").pack
        lies = {8: b"\x02", 12: b"\xc1", 16: b"\xff", 32: number(4), 48: number(SEGMENT + 64), 56: b"lie", 88: number(3), 96: b"lie", 128: number(9), 136: b"lie",
                168: struct.pack("<I", 3 * SEGMENT), 172: b"\x01", 200: b"\x01"}
        for offset, value in lies.items():
            self.reseal("HEAD", 4096, 192, offset, value)
            self.assertTrue(self.verify()["damage"], offset)
            self.put("HEAD", good)
        for bad in (good[:-1], good + b"\0", b""):
            self.put("HEAD", bad)
            self.assert_damaged(self.verify(), "8192 bytes")
        self.put("HEAD", good)
        self.reseal("HEAD", 0, 192, 16, b"\xff")
        self.assert_damaged(self.verify(), "different databases")

    def test_odd_but_allowed_states_of_head_are_notes(self):
        writer = small_log()
        for generation, name in ((3, "gap"), (3, "never")):
            self.path = writer.write(os.path.join(self.folder, name), generation=generation)
            if name == "gap":
                self.reseal("HEAD", 4096, 192, 32, struct.pack("<Q", 5))
            else:
                self.put("HEAD", bytes(4096) + self.read("HEAD")[4096:])
            report = self.verify()
            self.assertEqual((report["verdict"], len(report["notes"])), ("ok", 1))

    def test_each_consistent_lie_in_a_segment_header_is_damage_and_unknown_compatible_features_are_a_note(self):
        small_log().write(self.path)
        good = self.read(self.SECOND)
        for offset in (0, 8, 12, 24, 32, 48, 64, 72, 76, 77, 78, 79, 120, 4091):
            self.reseal(self.SECOND, 0, 4096, offset, bytes([good[offset] ^ 4]))
            self.assert_damaged(self.verify(), "segment header")
            self.put(self.SECOND, good)
        self.reseal(self.SECOND, 0, 4096, 16, b"\x04")
        self.assertIn("compatible features 0x4", self.verify()["notes"][0])
        self.put(self.SECOND, good.ljust(SEGMENT + 1, b"\0"))
        self.assert_damaged(self.verify(), "longer than the segment size")

    def test_a_lost_segment_header_does_not_hide_frames_that_were_durable(self):
        writer = small_log()
        writer.frame([{"kind": PUT}])
        writer.write(self.path, state=Writer.NOTHING)
        good = self.read(self.SECOND)
        for offset in (0, 80, 100, 4095):  # 80 to 112 is the salt, without which no check in the segment passes
            self.put(self.SECOND, good[:offset] + bytes([good[offset] ^ 1]) + good[offset + 1:])
            self.assert_damaged(self.verify(), "corrupt at address")

    def test_bytes_that_the_checks_do_not_cover_must_be_zero(self):
        writer = small_log()
        writer.write(self.path)
        seal_end = writer.frame_ends[3]
        for offset in (seal_end, SEGMENT - 1):
            data = bytearray(self.read(self.FIRST))
            data[offset] = 1
            self.put(self.FIRST, data)
            self.assert_damaged(self.verify(), "behind the seal")

    def test_dump_prints_each_entry_as_a_line_of_json(self):
        small_log().write(self.path)
        code, out, _ = self.run_tool("dump", self.path)
        entries = [json.loads(line) for line in out.splitlines()]
        self.assertEqual((code, [e["seq"] for e in entries]), (0, list(range(12))))
        self.assertEqual((entries[3]["kind"], entries[3]["to_id"], entries[3]["causes"], entries[3]["confidence"]), ("link", "other", [0, 1], 0.5))
        self.assertEqual((entries[1]["evidence"], entries[1]["collection"], entries[10]["target"]), ("seen", "d", 1))
        self.assertEqual(len(self.run_tool("dump", self.path, "--limit", "2")[1].splitlines()), 2)


class Proof(TemporaryDirectory):
    def setUp(self):
        super().setUp()
        self.writer = small_log()

    def proof(self, index, entry=None, note=None, path=None):
        path = tree_path(index, self.writer.leaves) if path is None else path
        lines = ["c2sp.org/tlog-proof@v1", f"extra {b64(entry or self.writer.entries[index])}", f"index {index}", *map(b64, path), ""]
        return "\n".join(lines) + "\n" + (note or checkpoint(self.writer.leaves))

    def check(self, text, *more):
        with open(self.path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        code, out, err = self.run_tool("proof", self.path, "--json", *more)
        return code, json.loads(out) if out else {}, err

    def test_a_good_proof_of_each_entry_holds(self):
        for index in range(len(self.writer.leaves)):
            code, report, _ = self.check(self.proof(index), "--key", VKEY)
            self.assertEqual((code, report["verdict"], report["index"]), (0, "ok", index))
            self.assertIn("verified", report["signature"])

    def test_a_proof_without_a_key_says_loudly_that_it_is_not_checked(self):
        code, report, err = self.check(self.proof(2))
        self.assertEqual((code, report["signature"]), (0, "unsigned: not checked"))
        self.assertIn("NOT CHECKED", err)

    def test_each_changed_byte_of_a_proof_is_refused(self):
        good = self.proof(4).encode()
        for offset in range(len(good)):
            bad = bytearray(good)
            bad[offset] ^= 1
            self.assertEqual(self.check(bytes(bad), "--key", VKEY)[0], 1, good[max(0, offset - 10):offset + 1])

    def test_each_truncation_of_a_proof_is_refused(self):
        good = self.proof(4)
        for length in range(len(good)):
            self.assertEqual(self.check(good[:length], "--key", VKEY)[0], 1, length)

    def test_wrong_proofs_are_refused(self):
        good, path = self.writer.entries, tree_path(4, self.writer.leaves)
        self.assertEqual(self.check(self.proof(4, entry=good[5]), "--key", VKEY)[0], 1)
        self.assertEqual(self.check(self.proof(4, path=path[:-1]), "--key", VKEY)[0], 1)
        self.assertEqual(self.check(self.proof(4, path=path + path[:1]), "--key", VKEY)[0], 1)
        self.assertEqual(self.check(self.proof(4, note=checkpoint(self.writer.leaves[:8])), "--key", VKEY)[0], 1)
        unsigned = checkpoint(self.writer.leaves).replace(f"\u2014 {ORIGIN}", "\u2014 example.com/other")
        self.assertEqual(self.check(self.proof(4, note=unsigned), "--key", VKEY)[0], 1)

    def test_signatures_of_unknown_keys_are_ignored_and_a_bad_key_is_wrong_usage(self):
        note = checkpoint(self.writer.leaves) + f"\u2014 witness.example {b64(bytes(76))}\n"
        self.assertEqual(self.check(self.proof(4, note=note), "--key", VKEY)[0], 0)
        self.assertEqual(self.check(self.proof(4), "--key", VKEY.replace("example", "exomple"))[0], 2)

    def test_a_note_of_another_implementation_verifies(self):
        # The published example of golang.org/x/mod/sumdb/note.
        text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
        signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
        vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
        found_text, signatures = nedb_check.parse_note(f"{text}\n\u2014 PeterNeumann {signature}\n")
        self.assertEqual(found_text, text)
        self.assertIn("verified", nedb_check.check_signature(found_text, signatures, "PeterNeumann", vkey))
        with self.assertRaises(nedb_check.Damage):
            nedb_check.check_signature(found_text + "x", signatures, "PeterNeumann", vkey)


class Primitives(unittest.TestCase):
    def test_crc_of_the_published_vectors(self):
        # RFC 3720, B.4, and the check value of the CRC catalogue.
        for data, expected in ((b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43), (bytes(range(32)), 0x46DD794E)):
            self.assertEqual(nedb_check.crc(0, data), expected)
        for length in range(70):
            data = sha(bytes([length])) * 3
            self.assertEqual(nedb_check.crc(7, data[:length]), crc32c(data[:length], 7))
            self.assertEqual(nedb_check.crc(nedb_check.crc(0, data[:length]), data[length:]), nedb_check.crc(0, data))

    def test_ed25519_of_rfc_8032_and_its_refusals(self):
        key = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        signature = bytes.fromhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                  "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
        self.assertTrue(nedb_check.ed25519_holds(key, b"\x72", signature))
        self.assertFalse(nedb_check.ed25519_holds(key, b"\x73", signature))
        malleable = (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
        self.assertFalse(nedb_check.ed25519_holds(key, b"\x72", signature[:32] + malleable))
        small_order, anything = (1).to_bytes(32, "little"), (1).to_bytes(32, "little") + bytes(32)
        self.assertFalse(nedb_check.ed25519_holds(small_order, b"", anything))
        for offset in range(64):
            bad = bytearray(signature)
            bad[offset] ^= 1
            self.assertFalse(nedb_check.ed25519_holds(key, b"\x72", bytes(bad)))

    def test_the_frontier_gives_the_root_of_every_size(self):
        leaves, frontier = [], nedb_check.Frontier()
        for index in range(70):
            self.assertEqual(frontier.root(), tree_root(leaves))
            leaves.append(sha(bytes([index])))
            frontier.append(leaves[-1])

    def test_inclusion_holds_for_the_leaf_the_index_and_the_size_only(self):
        for size in range(1, 20):
            leaves = [sha(bytes([n])) for n in range(size)]
            root = tree_root(leaves)
            for index in range(size):
                path = tree_path(index, leaves)
                self.assertTrue(nedb_check.inclusion_holds(leaves[index], index, size, path, root))
                self.assertFalse(nedb_check.inclusion_holds(sha(b"x"), index, size, path, root))
                self.assertFalse(nedb_check.inclusion_holds(leaves[index], size, size, path, root))
                self.assertFalse(nedb_check.inclusion_holds(leaves[index], index, size, path + [root], root))


class Tiles(TemporaryDirectory):
    def write(self, size):
        self.entries, self.leaves = [], []
        for seq in range(size):
            entry = b"NEDB\x01" + DATABASE_ID + struct.pack("<QqI", seq, TIME, 32) + struct.pack("<BH", NOOP, 0x0201) + b"\x01c\x02me"
            self.entries.append(entry + struct.pack("<Q", seq) + sha(entry))
            self.leaves.append(sha(b"\x00", self.entries[-1]))
        self.files = {}
        for first in range(0, size, 256):
            part = self.entries[first:first + 256]
            self.files[self.name("entries", first // 256, len(part))] = b"".join(struct.pack(">H", len(e)) + e for e in part)
        level, row = 0, self.leaves
        while row:
            for first in range(0, len(row), 256):
                part = row[first:first + 256]
                self.files[self.name(level, first // 256, len(part))] = b"".join(part)
            row = [tree_root(row[first:first + 256]) for first in range(0, len(row) - 255, 256)]
            level += 1
        self.files["checkpoint"] = checkpoint(self.leaves).encode()
        for name, data in self.files.items():
            os.makedirs(os.path.dirname(self.file(name)), exist_ok=True)
            self.put(name, data)

    @staticmethod
    def name(level, index, width):
        return f"tile/{level}/{index:03d}" + (f".p/{width}" if width < 256 else "")

    def check(self, *more):
        root = tree_root(self.leaves).hex()
        code, out, _ = self.run_tool("tiles", self.path, "--size", str(len(self.leaves)), "--root", root, "--json", *more)
        return code, json.loads(out)

    def test_good_tiles_of_many_sizes_hold(self):
        for size in (1, 2, 255, 256, 257, 700):
            with self.subTest(size):
                self.path = os.path.join(self.folder, str(size))
                self.write(size)
                code, report = self.check("--key", VKEY)
                self.assertEqual((code, report["notes"], report["root"]), (0, [], tree_root(self.leaves).hex()))

    def test_each_changed_or_missing_file_is_found(self):
        self.write(600)
        for name, data in self.files.items():
            for offset in (0, len(data) // 2, len(data) - 1):
                bad = bytearray(data)
                bad[offset] ^= 1
                self.put(name, bad)
                self.assertEqual(self.check("--key", VKEY)[0], 1, (name, offset))
            os.unlink(self.file(name))
            self.assertEqual(self.check("--key", VKEY)[0], 1, name)
            self.put(name, data)
        self.assertEqual(self.check("--key", VKEY)[0], 0)

    def test_a_wrong_root_or_size_is_found_and_a_full_tile_may_stand_for_a_partial_one(self):
        self.write(300)
        self.assertEqual(self.run_tool("tiles", self.path, "--size", "300", "--root", "00" * 32)[0], 1)
        self.assertEqual(self.run_tool("tiles", self.path, "--size", "299", "--root", tree_root(self.leaves).hex())[0], 1)
        code, out, _ = self.run_tool("tiles", self.path, "--size", "200", "--root", tree_root(self.leaves[:200]).hex())
        self.assertEqual(code, 0)
        self.assertIn("is no part of the tree", out)

    def test_tile_paths_are_those_of_the_specification(self):
        self.assertEqual(nedb_check.tile_path(1234067, 256), "x001/x234/067")
        self.assertEqual(nedb_check.tile_path(0, 112), "000.p/112")


if __name__ == "__main__":
    unittest.main()
