#!/bin/sh
# Made the database of this directory, once: sh make.sh db
set -e
nedb init "$1" --origin nedb.test/format-1
nedb put "$1" people ada '{"name": "Ada", "born": 1815, "tags": ["math", "poetry"], "at": {"city": "London"}}'
nedb put "$1" people grace '{"name": "Grace", "born": 1906, "score": 1.5, "ok": true, "none": null}'
nedb put "$1" people ada '{"name": "Ada Lovelace", "born": 1815, "bio": "poetry and numbers"}' \
    --client till --nonce 5 --caused-by 0 --evidence "letter, 1843" --confidence 0.9 --valid-from 1835-07-08
nedb put "$1" größen früchte '{"größe": "ü", "big": 123456789012345678901234567890}' --client till --idem sale-1
nedb link "$1" people:ada knows people:grace
nedb link "$1" people:grace knows people:ada
nedb unlink "$1" people:grace knows people:ada
nedb index create "$1" people born
nedb index create "$1" people bio --search
nedb delete "$1" people ada
nedb restore "$1" people ada 2
nedb put "$1" sessions s1 '{"user": "ada"}' --ttl 3153600000
nedb checkpoint "$1"
nedb put "$1" people emmy '{"name": "Emmy", "born": 1882, "bio": "symmetry"}'
