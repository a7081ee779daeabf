//! `linkjar serve`: the server, from configuration to clean end.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use log::{info, warn};

use crate::app::{App, Listening};
use crate::cli::Options;
use crate::click::Durability;
use crate::clock::Clock;
use crate::command::{Error, data, logging, machine, say, sockets, tell, user_add};
use crate::config::{self, Config, LogFormat};
use crate::housekeeping::Housekeeping;
use crate::limits::BACKUP_WEEKS_KEPT;
use crate::password::{Cost, Hasher};
use crate::server::{self, Ended, Signals};
use crate::store::{FILE_NAME, Upgraded};
use crate::ui::number;
use crate::user::Registration;

/// Serves until a signal.
///
/// # Errors
/// Exit code 2 for a configuration that will not do, 3 and 4 as [`data::open`], 1 when serving fails.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let config = config::from_environment(options)?;
    logging::start(config.log.clone(), config.log_format);
    for warning in &config.warnings {
        warn!(target: "core", "{warning}");
    }
    let clock = Clock::system();
    let tls = sockets::tls(&config, &clock)?;
    let signals = Signals::catch().map_err(Error::failed)?;
    let start = Instant::now();
    let (store, opened) = if options.new { data::open_anew(&config) } else { data::open(&config) }?;
    data::warn_of_rights(&config.data_dir);
    if let Some(Upgraded { from, to, kept: Some(kept), .. }) = &opened.upgraded {
        let kept = kept.display().to_string();
        info!(target: "store", kept; "brought the data file from format {from} to format {to}");
    }
    match &opened.renewed {
        Some(Ok(())) => info!(target: "store", "wrote the data file anew: nothing is left of removed clicks"),
        Some(Err(why)) => {
            warn!(target: "store", "the data file was not written anew: {why}. Bytes of removed clicks may be left in it; the next start tries again");
        }
        None => {}
    }
    if opened.repaired {
        let (took_ms, in_log) = (u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX), store.found_in_log);
        let missing = missing_clicks(&config);
        warn!(target: "store", took_ms, in_log; "last shutdown was not clean; {missing}. The data file is as of its last commit");
    }
    if let Some(seed) = &config.admin {
        if user_add::seed(&store, seed, &clock)? {
            info!(target: "accounts", user = seed.username.as_str(); "user created");
        } else {
            info!(target: "accounts", "there is an administrator; SERVER_ADMIN_* is ignored");
        }
    }
    let (sockets, listening) = sockets::open(&config, tls)?;
    // Half of the threads may hash or wait for it, so that redirects always find one.
    let hasher = Hasher::new(machine::hashes_at_once(), config.threads / 2, Cost::USUAL);
    let app = Arc::new(App::new(store, clock, hasher, &config)?);
    app.note_listening(listening);
    let housekeeping =
        Housekeeping::start(Arc::clone(&app), opened.repaired).map_err(|error| Error::failed(error.to_string()))?;
    let ready = || {
        announce(&app, &config, listening, opened.new);
        housekeeping.begin();
    };
    let ended = server::run(&app, sockets, &config, &signals, ready).map_err(Error::failed)?;
    drop(housekeeping);
    let closed = app.store.close_well();
    let finished = number::counted(app.traffic.finished(), "request");
    info!(target: "core", "stopped, {finished} finished");
    closed?;
    match ended {
        Ended::Stopped => Ok(()),
        Ended::Failed(why) => Err(Error::failed(format!("{why}. Start the server again."))),
    }
}

/// What a kill or a power cut may have taken, with the settings as they are.
fn missing_clicks(config: &Config) -> String {
    match config.click_durability {
        Durability::Strict => "no click of a visitor who was sent on is missing".to_owned(),
        Durability::Relaxed => format!("up to {} s of clicks may be missing", config.click_window.as_secs_f64()),
    }
}

/// Says where the server is, what to do first, and what to be careful about. Stdout gets one line for programs.
fn announce(app: &App, config: &Config, listening: Listening, is_new: bool) {
    let address = listening.main;
    let reachable = |address: SocketAddr| SocketAddr::new(machine::reachable(address.ip()), address.port());
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let local = format!("{scheme}://{}/", reachable(address));
    if let Some(plain) = listening.plain {
        info!(target: "core", url = format!("http://{}/", reachable(plain)); "listening for plain HTTP");
    }
    let shown = config.base_url.as_ref().map_or_else(|| local.clone(), |base| format!("{}/", base.text));
    let data = config.data_dir.join(FILE_NAME).display().to_string();
    warn_of_exposure(app, address.ip());
    match config.log_format {
        LogFormat::Json => {
            info!(target: "core", version = env!("CARGO_PKG_VERSION"), url = shown.as_str(), data = data.as_str(); "listening");
            if !app.is_set_up() {
                warn!(target: "core", url = format!("{shown}setup#{}", app.setup_code.as_str()); "no administrator yet");
            }
        }
        LogFormat::Text if app.is_set_up() => tell(&later_start(app, &shown, &data)),
        LogFormat::Text => tell(&first_start(app, config, &shown, &data, is_new)),
    }
    say(&format!("{local}\n"));
}

fn first_start(app: &App, config: &Config, shown: &str, data: &str, is_new: bool) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let (threads, code) = (config.threads, app.setup_code.as_str());
    let new = if is_new { " (new)" } else { "" };
    let backups = backups(app);
    format!(
        "linkjar {version}\n  \
           data      {data}{new}\n  \
           backups   {backups}\n  \
           listening {shown}   {threads} threads\n\n\
         No administrator yet. Create one in the browser:\n    \
             {shown}setup#{code}\n\
         or stop the server and run:  linkjar user add NAME --email ADDRESS --admin\n\
         The setup code changes at every start and stops working once an administrator exists.\n\n\
         Stop with Ctrl-C.\n"
    )
}

/// Whether backups are made, for the operator.
fn backups(app: &App) -> String {
    match app.backup_keep {
        0 => "none; see: linkjar help backup".to_owned(),
        days => format!("daily, {} and {BACKUP_WEEKS_KEPT} weeks", number::counted(days as u64, "day")),
    }
}

fn later_start(app: &App, shown: &str, data: &str) -> String {
    let (users, links) = app.store.counts().unwrap_or_default();
    // Tenths of a megabyte, without floating point.
    let tenths = app.store.size_bytes() / 100_000;
    let (users, links) = (number::counted(users, "user"), number::counted(links, "link"));
    format!(
        "linkjar {}  {shown}  {data}  {users}, {links}, {}.{} MB  backups {}\n",
        env!("CARGO_PKG_VERSION"),
        tenths / 10,
        tenths % 10,
        backups(app)
    )
}

fn warn_of_exposure(app: &App, ip: IpAddr) {
    if app.is_exposed() && app.registration() == Registration::Open {
        warn!(target: "accounts", "anybody who reaches this address can register (accounts.registration=open)");
    }
    if app.speaks_in_clear() {
        warn!(target: "core", "plain HTTP on {ip}: passwords travel unencrypted. Set --tls-cert and --tls-key, or put a proxy with TLS in front and set --base-url to its https address");
    }
}
