//! The operation in 3D. Exit codes: 0 it ended as wished, 2 wrong input, or nothing to draw with or on.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use bevy::prelude::{App, AppExit};
use clap::Parser;
use rehearsal::case::Case;
use rehearsal::cli::{Arguments, WhoseHands};
use rehearsal::session::Session;
use rehearsal::{app, device, headless};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match rehearse(&arguments) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

fn rehearse(arguments: &Arguments) -> Result<ExitCode, String> {
    if arguments.headless && arguments.hands == WhoseHands::Person {
        return Err("without a screen there are no hands of a person: leave out --hands person, or record a session \
                    with a window first"
            .into());
    }
    let case = Case::open(arguments).map_err(|error| error.to_string())?;
    let session = Session::new(case, arguments.speed).map_err(|error| error.to_string())?;
    if !arguments.headless {
        device::display()?;
    }
    let device = device::device()?;
    let mut app = told(|| app::build(session, arguments, &device))?;
    if arguments.headless {
        let drawn = headless::draw(&mut app, arguments)?;
        let folder = arguments.frames.as_deref().unwrap_or(Path::new("frames"));
        headless::tell(&drawn, folder, &device.name);
        return Ok(ExitCode::SUCCESS);
    }
    Ok(match told(|| run(&mut app))? {
        AppExit::Success => ExitCode::SUCCESS,
        AppExit::Error(_) => ExitCode::FAILURE,
    })
}

fn run(app: &mut App) -> AppExit {
    app.run()
}

/// A window that cannot be opened is a panic in Bevy: it becomes a message.
fn told<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let said = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&said);
    let usual = take_hook();
    set_hook(Box::new(move |panic| {
        if let Ok(mut heard) = heard.lock()
            && heard.is_empty()
        {
            *heard = panic.to_string();
        }
    }));
    let result = catch_unwind(AssertUnwindSafe(work));
    set_hook(usual);
    result.map_err(|_| {
        let why = said.lock().map(|said| said.clone()).unwrap_or_default();
        format!(
            "the window could not be opened or drawn: {why}\nIs the display there and may this program use it? \
             --headless --frames DIR draws into files without one"
        )
    })
}
