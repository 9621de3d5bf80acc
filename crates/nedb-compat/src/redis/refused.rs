//! The commands of Redis that are refused by name, and why: what a program gets instead of "unknown command".

/// Commands of Redis that are refused by name, and why.
pub(super) const REFUSED: &[(&str, &[&str])] = &[
    (
        "messages are for connections, not for a database in process",
        &["SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "SUNSUBSCRIBE", "PUBSUB", "MONITOR"],
    ),
    ("there are no replicas that could be waited for", &["WAIT", "WAITAOF"]),
    ("functions are not supported: scripts are", &["FCALL", "FCALL_RO", "FUNCTION"]),
    ("cardinality estimates are not supported", &["PFADD", "PFCOUNT", "PFMERGE"]),
    (
        "places on earth are not supported",
        &[
            "GEOADD",
            "GEODIST",
            "GEOHASH",
            "GEOPOS",
            "GEORADIUS",
            "GEORADIUS_RO",
            "GEORADIUSBYMEMBER",
            "GEORADIUSBYMEMBER_RO",
            "GEOSEARCH",
            "GEOSEARCHSTORE",
        ],
    ),
    ("values go to another server by DUMP and RESTORE, if that one is NEDB", &["MIGRATE"]),
    (
        "a field has no lifetime of its own: a hash is a document, and that expires as one",
        &[
            "HEXPIRE",
            "HPEXPIRE",
            "HEXPIREAT",
            "HPEXPIREAT",
            "HEXPIRETIME",
            "HPEXPIRETIME",
            "HTTL",
            "HPTTL",
            "HPERSIST",
            "HGETEX",
            "HSETEX",
            "HGETDEL",
        ],
    ),
    ("one database is opened at a time", &["SELECT", "MOVE", "SWAPDB"]),
    (
        "there is no server",
        &[
            "AUTH",
            "HELLO",
            "QUIT",
            "RESET",
            "CLIENT",
            "CONFIG",
            "INFO",
            "DEBUG",
            "LATENCY",
            "MEMORY",
            "MODULE",
            "SLOWLOG",
            "ACL",
            "CLUSTER",
            "READONLY",
            "READWRITE",
            "ASKING",
            "FAILOVER",
            "REPLICAOF",
            "SLAVEOF",
            "ROLE",
            "PSYNC",
            "SYNC",
            "SHUTDOWN",
            "SAVE",
            "BGSAVE",
            "BGREWRITEAOF",
            "LASTSAVE",
            "LOLWUT",
        ],
    ),
];

/// Why a command of Redis is refused, for those that are refused by name.
pub(super) fn reason(name: &[u8]) -> Option<&'static str> {
    let is_named = |names: &&[&str]| names.iter().any(|refused| refused.as_bytes().eq_ignore_ascii_case(name));
    REFUSED.iter().find(|(_, names)| is_named(names)).map(|(reason, _)| *reason)
}
