//! Functions of Lua that are made in Rust answer as Lua's own code does, which the same scripts ask beside them.

use mlua::{Lua, LuaString};
use nedb::Database;
use nedb_compat::redis::{Commands, Reply, Session};

use super::{
    budget::Budget,
    dice::{Dice, first_seed},
};

/// Asks for everything that patterns do, with words in groups of four: a text, a pattern, what takes its place, and a place.
const ASKING: &str = "
local function show(...)
  local words = {}
  for place = 1, select('#', ...) do
    local value = select(place, ...)
    words[place] = type(value) .. ':' .. tostring(value)
  end
  return table.concat(words, ' ')
end
local answers = {}
local function ask(...) answers[#answers + 1] = show(pcall(...)) end
for place = 1, #ARGV, 4 do
  local text, pattern, new, init = ARGV[place], ARGV[place + 1], ARGV[place + 2], tonumber(ARGV[place + 3])
  ask(string.find, text, pattern)
  ask(string.find, text, pattern, init)
  ask(string.find, text, pattern, init, true)
  ask(string.match, text, pattern, init)
  ask(function() return text:match(pattern) end)
  ask(function()
    local all = {}
    for one, two, three in text:gmatch(pattern) do all[#all + 1] = show(one, two, three) end
    return table.concat(all, ',')
  end)
  ask(string.gsub, text, pattern, new)
  ask(string.gsub, text, pattern, new, init)
  ask(function() return text:gsub(pattern, function(...) return '<' .. show(...) .. '>' end) end)
  ask(function() return text:gsub(pattern, function(one) return one == 'a' and {} end, 3) end)
  ask(string.gsub, text, pattern, { a = 'A', b = false, ab = 12.5, [1] = 'one' })
  ask(string.gsub, text, pattern, setmetatable({}, { __index = function(_, key) return key ~= 'b' and show(key) end }))
end
return answers";

fn session() -> Session {
    Commands::new(&Database::in_memory().unwrap()).session()
}

/// What Lua's own code answers.
fn oracle(lua: &Lua, script: &str, words: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let words = words.iter().map(|word| lua.create_string(word).unwrap());
    lua.globals().set("ARGV", lua.create_sequence_from(words).unwrap()).unwrap();
    let answers: Vec<LuaString> = lua.load(script).set_name("@user_script").call(()).unwrap();
    answers.iter().map(|answer| answer.as_bytes().to_vec()).collect()
}

fn ours(session: &Session, script: &str, words: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut call = vec![b"EVAL", script.as_bytes(), b"0"];
    call.extend(words.iter().map(Vec::as_slice));
    let Reply::Array(answers) = session.execute(&call) else { panic!("{:?}", session.execute(&call)) };
    let bytes = |answer: &Reply| match answer {
        Reply::Bulk(bytes) => bytes.clone(),
        other => panic!("{other:?}"),
    };
    answers.iter().map(bytes).collect()
}

fn compare(lua: &Lua, session: &Session, script: &str, words: &[Vec<u8>], what: &str) {
    let (theirs, ours) = (oracle(lua, script, words), ours(session, script, words));
    for (place, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
        let text = String::from_utf8_lossy;
        assert_eq!(
            text(ours),
            text(theirs),
            "{what}, question {place} of {:?}",
            words.iter().map(|word| text(word)).collect::<Vec<_>>()
        );
    }
    assert_eq!(theirs, ours, "{what}");
}

/// Texts are short, so that no pattern takes Lua long.
const TEXT: &[&[u8]] = &[
    b"a", b"a", b"b", b"ab", b"c", b" ", b"(", b")", b"0", b"7", b"%", b"]", b"-", b"A", b"Z", b"\0", b"\xFF", b"\n",
    b"\x0B", b"_", b"^",
];

const PIECES: &[&[u8]] = &[
    b"a", b"b", b"ab", b".", b"%a", b"%A", b"%c", b"%C", b"%d", b"%D", b"%l", b"%L", b"%p", b"%P", b"%s", b"%S", b"%u",
    b"%U", b"%w", b"%W", b"%x", b"%X", b"%z", b"%Z", b"[ab]", b"[^a]", b"[%w_]", b"[^%s]", b"[a-z]", b"[]]", b"[^]]",
    b"[a-]", b"[%]]", b"[a-%%]", b"[a-%]x]", b"[%a-z]", b"[+--]", b"[[]", b"*", b"+", b"-", b"?", b"*", b"-", b"(",
    b")", b"()", b"(a", b"(.-)", b"(.*)", b"%1", b"%2", b"%9", b"%0", b"%b()", b"%bab", b"%b", b"%f[a]", b"%f[^%a]",
    b"%f", b"%f[%z]", b"^", b"$", b"%", b"%%", b"%.", b"[", b"[^", b"]", b"\0", b"\xFF",
];

const NEW: &[&[u8]] = &[b"", b"x", b"%0", b"%1", b"%2", b"[%1%0]", b"%%", b"%", b"%x", b"7", b"%9", b"\0y"];

const PLACES: &[&[u8]] = &[b"0", b"1", b"2", b"3", b"-1", b"-2", b"9", b"-9", b"1.9", b"100"];

fn some(dice: &mut Dice, pieces: &[&[u8]], most: u64) -> Vec<u8> {
    (0..dice.below(most + 1)).flat_map(|_| dice.pick(pieces).to_vec()).collect()
}

#[test]
fn random_patterns_are_answered_as_by_luas_own_code() {
    /// How many patterns one script asks for.
    const PATTERNS_PER_CASE: u64 = 50;
    let mut budget = Budget::cases("patterns against Lua's own", 200);
    let (mut seed, is_only) = first_seed();
    let (lua, session) = (Lua::new(), session());
    while budget.has_next() {
        let mut dice = Dice::new(seed);
        let words: Vec<Vec<u8>> = (0..PATTERNS_PER_CASE)
            .flat_map(|_| {
                let (text, pattern) = (some(&mut dice, TEXT, 10), some(&mut dice, PIECES, 6));
                [text, pattern, dice.pick(NEW).to_vec(), dice.pick(PLACES).to_vec()]
            })
            .collect();
        for four in words.chunks(4) {
            compare(&lua, &session, ASKING, four, &format!("seed {seed}"));
        }
        if is_only {
            break;
        }
        seed += 1;
    }
}

#[test]
fn patterns_and_texts_with_corners_are_answered_as_by_luas_own_code() {
    let (lua, session) = (Lua::new(), session());
    let many = "(a)".repeat(33);
    let nested = "(".repeat(33);
    for (text, pattern) in [
        ("hello world", "o w"),
        ("hello world", "(o)( )(w)"),
        ("key = value", "^(%w+)%s*=%s*(%w+)$"),
        ("THE (quick) fox", "%((%a+)%)"),
        ("THE (quick) fox", "%f[%a]%a+%f[%A]"),
        ("f(a(b)c)d)", "%b()"),
        ("\"it's\"", "([\"']).-%1"),
        ("  trim  ", "^%s*(.-)%s*$"),
        ("abc", "()"),
        ("", ""),
        ("", "^$"),
        ("aaa", "a-$"),
        ("a,b,,c", "([^,]*)"),
        ("x^y", "^^"),
        ("a$b", "a$b"),
        ("a", "a)"),
        ("a", "(a"),
        ("aa", "(a)%2"),
        ("aa", "(a%1)"),
        ("aa", "()a%1"),
        (&"a".repeat(40), &many),
        ("a", &nested),
        (&"a".repeat(300), &"a?".repeat(300)),
    ] {
        let words = [text, pattern, "<%1>", "2"].map(|word| word.as_bytes().to_vec());
        compare(&lua, &session, ASKING, &words, "a table");
    }
}

#[test]
fn functions_are_called_and_fail_as_those_of_luas_own_code() {
    let (lua, session) = (Lua::new(), session());
    for question in [
        "string.find()",
        "string.find('a')",
        "string.find({}, 'a')",
        "('a'):find({})",
        "('a'):find('a', {})",
        "('a'):find('a', 'x')",
        "('abc'):find('c', '2')",
        "('abc'):find('c', ' 0x2 ')",
        "string.find(121, 2)",
        "('abc'):find('b', -1)",
        "('abc'):find('', 10)",
        "('a.c'):find('.', 2, true)",
        "('a.c'):find('.', 1, false)",
        "string.match(nil, 'a')",
        "string.gmatch('a')",
        "string.gmatch()",
        "string.gfind == string.gmatch",
        "string.gsub('a', 'a')",
        "('a'):gsub('a')",
        "('a'):gsub('a', true)",
        "('a'):gsub('a', 'b', 'x')",
        "('aaa'):gsub('a', 'b', 1.9)",
        "('aaa'):gsub('a', 'b', -1)",
        "('aaa'):gsub('a', 12)",
        "('aaa'):gsub('a', function() error('no') end)",
        "('aaa'):gsub('a', function() error() end)",
        "('aaa'):gsub('a', function() error(setmetatable({}, {__tostring = function() return 'mine' end})) end)",
        "('aaa'):gsub('a', function() return ('b'):gsub('b', function() error('deep', 0) end) end)",
        "('a'):gsub('a', function() return true end)",
        "('aaa'):gsub('a', setmetatable({}, {__index = function() error('no', 0) end}))",
        "('abc'):gsub('%w', '%%%0')",
        "('abc'):gsub('', '-')",
        "('abc def'):gsub('%f[%w]%w+', string.upper)",
        "('x'):rep(3)",
        "('x'):rep(-1)",
        "('ab'):rep('2')",
        "('x'):rep()",
        "string.rep()",
        "('aBc\\255\\0'):upper()",
        "('aBc\\255\\0'):lower()",
        "('aBc\\0'):reverse()",
        "string.reverse()",
        "table.concat({1, 2.5, 'x'}, ', ')",
        "table.concat({1, 2, 3}, ', ', 2)",
        "table.concat({1, 2, 3}, 7, 2, 3)",
        "table.concat({1, 2, 3}, '', 3, 2)",
        "table.concat({1, {}, 3})",
        "table.concat({1, 2}, ',', 1, 3)",
        "table.concat({}, {})",
        "table.concat(1)",
        "table.concat()",
        "math.max()",
        "math.max(1, 3, 2)",
        "math.max('10', ' 0x11 ', 3)",
        "math.max(1, {})",
        "math.max(1, nil, 2)",
        "math.max(1, 'x')",
        "1 / math.max(-0, 0)",
        "1 / math.max(-0)",
        "math.max(0/0, 1), math.max(1, 0/0)",
        "math.max(1e17, 2^53 + 1, 1e-17), math.max(1e-17, -1)",
        "math.min()",
        "math.min(4, 2.5, 3)",
        "math.min('-1', 2), math.min(1 / 0, -1 / 0)",
        "math.min(1, true)",
        "string.char()",
        "string.char(104, '105', 0, 255.9)",
        "string.char(256)",
        "string.char(65, -1)",
        "string.char(65, 'x')",
        "string.char(2^32 + 65)",
        "string.format()",
        "string.format({})",
        "string.format(7)",
        "('%d %5.1f %s %q %x %c%%'):format(-7.9, 2.25, 'text', 'a\\n\"', 255, 65)",
        "('%d %s'):format('12', 12)",
        "('%d'):format()",
        "('%d'):format('x')",
        "('%s %d'):format('a', {})",
        "('%s'):format(nil)",
        "string.format('%s', {})",
        "string.format('%d %d', 1)",
        "string.format('%y', 1)",
        "string.format('%', 1)",
        "string.format('%123d', 1)",
        "string.format('%-+ #0-+d', 1)",
        "string.format('%g %g %d', -0, 1e-17, -0)",
        "string.format('%.14g %i %u %o %X %e %G', 0.1, 3, 4, 8, 255, 12345.678, 1e-10)",
        "string.format('%5s|%-5s|%.2s', 'ab', 'ab', 'abc')",
        "('%d|%s|%5.1f'):format(('0'):rep(300) .. '7', ('0'):rep(300) .. '7', ('0'):rep(300) .. '2.25')",
        "('%%%s%d'):format(('0'):rep(300), ('0'):rep(300) .. '9')",
        "('%d'):format(('x'):rep(300))",
        "('%s%d%d'):format('a', ('0'):rep(300), ('x'):rep(300))",
        "('%y%d'):format(1, ('0'):rep(300))",
        "table.sort()",
        "table.sort({}, 1)",
        "table.sort({1, 'x'})",
        "table.sort({{}, {}})",
        "table.sort({1, 2, 3, 4}, function() return true end)",
        "table.sort({1, 2, 3, 4}, function() error('no') end)",
    ] {
        for script in [
            format!(
                "local answers = {{}} local function show(...) for place = 1, select('#', ...) do answers[place] = tostring((select(place, ...))) end end show(pcall(function() return {question} end)) return answers"
            ),
            format!(
                "local answers = {{}} local function show(...) for place = 1, select('#', ...) do answers[place] = tostring((select(place, ...))) end end show(pcall(function() local all = {{ {question} }} return unpack(all) end)) return answers"
            ),
        ] {
            compare(&lua, &session, &script, &[], question);
        }
    }
    let sorting = "local t = {} for word in ARGV[1]:gmatch('%S+') do t[#t + 1] = tonumber(word) or word end table.sort(t) return t";
    compare(&lua, &session, sorting, &[b"the quick brown fox 1x jumps".to_vec()], "words");
}
