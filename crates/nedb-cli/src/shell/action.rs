//! Does what a dot command asks for.

use nedb::AsOf;
use nedb_nql::{Direction, Query};
use nedb_types::{Collection, Result, Seq, document::value_to_json};

use super::{
    answer,
    command::{self, COMMANDS, Command, Usage},
    script::{self, Outcome},
    session::Session,
};
use crate::{
    output::{Align, JsonObject, Table, plural, quoted as quoted_json},
    verb::{print_collections, print_indexes},
};

/// Does it. `depth` counts the scripts that are being read.
pub fn act(session: &mut Session, command: Command, depth: u32) -> Result<Outcome> {
    match command {
        Command::Quit => return Ok(Outcome::Left),
        Command::Read(file) => return script::run_file(session, &file, depth + 1),
        Command::AsOf(None) => moment(session)?,
        Command::AsOf(Some(moment)) => session.go_to(moment)?,
        Command::Refresh => refresh(session)?,
        Command::History { collection, id } => {
            let collection = Collection::new(&collection)?;
            answer::about_document(session, &format!("HISTORY {} $id", quoted(collection)), &id)?;
        }
        Command::Trace { collection, id, direction } => {
            let from = Query::all_of(Collection::new(&collection)?);
            let reverse = if direction == Direction::Reverse { " REVERSE" } else { "" };
            answer::about_document(session, &format!("{from} WHERE _id = $id TRACE caused_by{reverse}"), &id)?;
        }
        Command::Explain(text) => answer::explain(session, &text)?,
        Command::Tables => print_collections(&session.db, session.moment, &mut session.out)?,
        Command::Fields(collection) => fields(session, &collection)?,
        Command::Indexes => print_indexes(&session.db, &mut session.out)?,
        Command::ParamSet(name, value) => {
            session.params.insert(name, value);
            session.publish_params();
        }
        Command::ParamUnset(name) => {
            session.params.remove(&name);
            session.publish_params();
        }
        Command::ParamList => params(session)?,
        Command::Mode(format) => session.format = format,
        Command::Rows(rows_max) => session.rows_max = rows_max,
        Command::Timer(timer) => session.timer = timer,
        Command::Output(file) => session.redirect(file.as_deref())?,
        Command::Help(name) => help(session, name.as_deref())?,
    }
    session.out.flush()?;
    Ok(Outcome::GoesOn)
}

/// The name of a collection as it stands in a query.
pub fn quoted(collection: Collection) -> String {
    let query = Query::all_of(collection).to_string();
    query.strip_prefix("FROM ").unwrap_or(&query).to_owned()
}

fn moment(session: &mut Session) -> Result<()> {
    let seq = Seq::number_of(session.db.tree()?.seq());
    let (words, as_of) = match session.moment {
        AsOf::Head => (format!("now (seq {seq})"), "null".to_owned()),
        AsOf::Empty => ("-1, before the first operation".to_owned(), "-1".to_owned()),
        AsOf::Seq(at) => (format!("{at} of {seq}"), at.to_string()),
        AsOf::Time(at) => (format!("{at}"), quoted_json(&at.to_string())),
    };
    session.out.either(words, || JsonObject::new().raw("as_of", &as_of).number("seq", seq).finish())
}

fn refresh(session: &mut Session) -> Result<()> {
    let before = session.db.tree()?.size;
    session.refresh()?;
    let new = session.db.tree()?.size.saturating_sub(before);
    session.tell(&plural(new, "new operation", "new operations"))
}

fn fields(session: &mut Session, collection: &str) -> Result<()> {
    let sample = session.names().sample(collection)?;
    let mut table = Table::new(&[Align::Left, Align::Left, Align::Right]);
    for (path, field) in &sample.fields {
        let types: Vec<&str> = field.types.iter().copied().collect();
        if session.out.is_json() {
            let types = types.iter().map(|name| quoted_json(name));
            let object = JsonObject::new().text("field", path).list("types", types);
            session.out.line(object.number("documents", field.documents).number("of", sample.documents).finish())?;
        } else {
            let share = format!("{} of {}", field.documents, sample.documents);
            table.row([path.clone(), types.join(", "), share]);
        }
    }
    table.lines("").iter().try_for_each(|line| session.out.line(line))
}

fn params(session: &mut Session) -> Result<()> {
    for (name, value) in &session.params {
        let value = value_to_json(value)?;
        let json = || JsonObject::new().text("param", name).raw("value", &value).finish();
        session.out.either(format_args!("${name} = {value}"), json)?;
    }
    Ok(())
}

fn help(session: &mut Session, name: Option<&str>) -> Result<()> {
    if let Some(name) = name {
        let known = command::find(name)?;
        let words = format_args!("{} {}\n  {}", known.name, known.arguments, known.help);
        return session.out.either(words, || help_json(known));
    }
    if session.out.is_json() {
        return COMMANDS.iter().try_for_each(|known| session.out.line(help_json(known)));
    }
    let mut table = Table::new(&[Align::Left, Align::Left]);
    for known in COMMANDS {
        table.row([format!("{} {}", known.name, known.arguments), known.help.to_owned()]);
    }
    for line in table.lines("") {
        session.out.line(line)?;
    }
    session.out.line("\nA statement ends at `;` or at an empty line. Ctrl-C ends an answer, Ctrl-D the shell.")
}

fn help_json(known: &Usage) -> String {
    let object = JsonObject::new().text("command", known.name).text("arguments", known.arguments);
    object.text("help", known.help).finish()
}
