//! What every page and command may reach.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use subtle::ConstantTimeEq;

use crate::click::Durability;
use crate::clock::{Clock, Timestamp, Trust};
use crate::config::{BaseUrl, Config};
use crate::limits::{CLOCK_DOUBT, SETUP_TRIES_PER_MINUTE};
use crate::password::Hasher;
use crate::random::{self, NoRandomness};
use crate::share::Shares;
use crate::store::{self, CheckReport, Settings, Store};
use crate::target::{self, OwnAddress};
use crate::throttle::Throttle;
use crate::traffic::Traffic;
use crate::user::{Registration, UserId};
use crate::visitor::marks::Marker;

/// The running program, as pages and housekeeping see it.
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    /// The only way to Argon2; lets few in at a time.
    pub(crate) hasher: Hasher,
    /// What form tokens are made with.
    pub(crate) secret: [u8; 32],
    /// The public address, when the operator gave one.
    pub(crate) base_url: Option<BaseUrl>,
    /// Further names this server answers for.
    pub(crate) allowed_hosts: Vec<String>,
    /// Daily backups to keep; 0 makes none.
    pub(crate) backup_keep: usize,
    /// Hosts that were refused lately; each is logged once in a while.
    pub(crate) refused_hosts: Mutex<Vec<(String, Instant)>>,
    /// What the network front has refused.
    pub(crate) traffic: Traffic,
    /// Tells visitors apart within a day.
    pub(crate) marker: Marker,
    /// Long answers under way, by person.
    pub(crate) long_answers: Shares,
    /// Who may try again, and when.
    pub(crate) throttle: Throttle,
    /// What the setup page asks for, until there is an administrator.
    pub(crate) setup_code: SetupCode,
    /// The sockets' addresses, once there are any.
    listening: OnceLock<Listening>,
    /// We end TLS ourselves.
    has_tls: bool,
    /// Visitors are sent on when their click is on disk.
    pub(crate) is_strict: bool,
    /// The environment's word on registration; it wins over the stored setting.
    registration: Option<Registration>,
    settings: RwLock<Arc<Settings>>,
    trust: RwLock<Trust>,
    /// When the program began to run.
    pub(crate) started: Instant,
    backup: RwLock<BackupState>,
    checked: RwLock<Option<Checked>>,
    /// Where housekeeping hears that something should not wait for its next round, once it runs.
    housekeeping: OnceLock<Sender<Call>>,
    set_up: AtomicBool,
    stopping: AtomicBool,
}

/// What housekeeping is called for between two rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    BackUp,
    /// There is something to remove.
    TidyUp,
    Stop,
}

/// How it stands with backups that the server makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum BackupState {
    /// Nothing is known that should be told.
    #[default]
    Fine,
    Making,
    /// Why the last one came to nothing.
    Failed(String),
}

/// What the last look at the whole data file has found, for a backup, a command or by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checked {
    pub(crate) at: Timestamp,
    /// Places that are damaged, and rows that nobody needs.
    pub(crate) damage: u64,
    pub(crate) leftovers: u64,
}

/// The addresses of our sockets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listening {
    /// The main one; it speaks HTTPS when we end TLS ourselves.
    pub(crate) main: SocketAddr,
    /// The one for plain HTTP, which stands only beside a main one with TLS.
    pub(crate) plain: Option<SocketAddr>,
}

impl App {
    /// # Errors
    /// When the store cannot be read, or there is no randomness.
    pub(crate) fn new(store: Store, clock: Clock, hasher: Hasher, config: &Config) -> Result<App, store::Error> {
        store.set_click_flow(config.click_durability, config.click_window);
        Ok(App {
            clock,
            hasher,
            secret: store.secret()?,
            base_url: config.base_url.clone(),
            allowed_hosts: config.allowed_hosts.clone(),
            backup_keep: config.backup_keep,
            refused_hosts: Mutex::default(),
            traffic: Traffic::default(),
            marker: Marker::default(),
            long_answers: Shares::default(),
            throttle: Throttle::new(),
            setup_code: SetupCode::random()?,
            listening: OnceLock::new(),
            has_tls: config.tls.is_some(),
            is_strict: config.click_durability == Durability::Strict,
            registration: config.registration,
            settings: RwLock::new(Arc::new(store.settings()?)),
            // Until housekeeping has looked.
            trust: RwLock::new(Trust::Jumped(CLOCK_DOUBT)),
            started: Instant::now(),
            backup: RwLock::default(),
            checked: RwLock::default(),
            housekeeping: OnceLock::new(),
            set_up: AtomicBool::new(store.is_set_up()?),
            stopping: AtomicBool::new(false),
            store,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long the program has run, by a clock that never jumps.
    pub(crate) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// What came of the last backup that was not a command's.
    pub(crate) fn backup_state(&self) -> BackupState {
        self.backup.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn note_backup(&self, state: BackupState) {
        *self.backup.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// The last look at the whole data file since the start.
    pub(crate) fn checked(&self) -> Option<Checked> {
        *self.checked.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_check(&self, found: &CheckReport) {
        let checked = Checked { at: self.now(), damage: found.damage.count, leftovers: found.leftovers.count };
        *self.checked.write().unwrap_or_else(PoisonError::into_inner) = Some(checked);
    }

    /// Has a backup made beside everything else, unless one is under way.
    pub(crate) fn ask_for_backup(&self) {
        let mut state = self.backup.write().unwrap_or_else(PoisonError::into_inner);
        let is_heard = |calls: &Sender<Call>| calls.send(Call::BackUp).is_ok();
        if *state != BackupState::Making && self.housekeeping.get().is_some_and(is_heard) {
            *state = BackupState::Making;
        }
    }

    /// Has what was marked for removal removed soon, and not only when housekeeping looks by itself.
    pub(crate) fn ask_for_tidying(&self) {
        if let Some(calls) = self.housekeeping.get() {
            // A thread that has ended hears nothing; the next start does it.
            let _ = calls.send(Call::TidyUp);
        }
    }

    /// Notes where housekeeping is to be called.
    pub(crate) fn note_housekeeping(&self, calls: Sender<Call>) {
        // It is said once; a second call changes nothing.
        let _ = self.housekeeping.set(calls);
    }

    /// Whether the clock is believed when something goes because of its age.
    pub(crate) fn trust(&self) -> Trust {
        *self.trust.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note_trust(&self, trust: Trust) {
        *self.trust.write().unwrap_or_else(PoisonError::into_inner) = trust;
    }

    /// The settings as they are now.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who may register.
    pub(crate) fn registration(&self) -> Registration {
        self.registration.unwrap_or_else(|| self.settings().registration)
    }

    /// True once there has been an administrator.
    pub(crate) fn is_set_up(&self) -> bool {
        self.set_up.load(Ordering::Acquire)
    }

    /// Notes that the first administrator exists, and the settings written with it.
    pub(crate) fn note_set_up(&self, settings: Settings) {
        self.note_settings(settings);
        self.set_up.store(true, Ordering::Release);
    }

    /// Edits the settings as they are now and writes them, unless the edit is refused; they count from then on. Nobody
    /// else can edit them meanwhile. `None` when `by` is no administrator any more; nothing is written then.
    ///
    /// # Errors
    /// When they cannot be written; the old ones stay then.
    pub(crate) fn change_settings<T, Refused>(
        &self,
        by: UserId,
        edit: impl FnOnce(&mut Settings) -> Result<T, Refused>,
    ) -> Result<Option<Result<T, Refused>>, store::Error> {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut settings = Settings::clone(&self.settings());
        let edited = edit(&mut settings);
        if edited.is_ok() {
            if !self.store.order_settings(by, settings.clone())? {
                return Ok(None);
            }
            self.note_settings(settings);
        }
        Ok(Some(edited))
    }

    /// Notes settings that were written.
    pub(crate) fn note_settings(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    /// Notes the addresses of the sockets.
    pub(crate) fn note_listening(&self, listening: Listening) {
        // It is said once, right after binding; a second call changes nothing.
        let _ = self.listening.set(listening);
    }

    /// The port of the main socket; 0 before it is bound.
    pub(crate) fn port(&self) -> u16 {
        self.listening.get().map_or(0, |listening| listening.main.port())
    }

    /// The port with TLS of our own, when one for plain HTTP stands beside it.
    pub(crate) fn port_beside_plain(&self) -> Option<u16> {
        let listening = self.listening.get()?;
        listening.plain.map(|_| listening.main.port())
    }

    /// Whether others than this machine reach the main socket.
    pub(crate) fn is_exposed(&self) -> bool {
        self.listening.get().is_some_and(|listening| !listening.main.ip().to_canonical().is_loopback())
    }

    /// Whether passwords travel unencrypted for others to see, as far as we know of what stands in front.
    pub(crate) fn speaks_in_clear(&self) -> bool {
        self.is_exposed() && !self.has_tls && self.base_url.as_ref().is_none_or(|base| !base.https)
    }

    /// Notes that the program is about to end; [`App::is_stopping`] tells pages.
    pub(crate) fn note_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Where this server itself is reached: its short links are no targets. `host` and `port` are those of the
    /// request at hand, which reached us.
    pub(crate) fn own_addresses(&self, host: &str, port: Option<u16>) -> Vec<OwnAddress> {
        let sockets: Vec<SocketAddr> =
            self.listening.get().map_or(Vec::new(), |own| [Some(own.main), own.plain].into_iter().flatten().collect());
        let bound: Vec<u16> = sockets.iter().map(SocketAddr::port).collect();
        // A proxy, or the machine's own forwarding, may lead here from the usual ports.
        let public = [&[80, 443], bound.as_slice()].concat();
        let mut own = Vec::new();
        let mut add = |host: &str, ports: &[u16], further: Option<u16>| {
            if let Ok(host) = target::canonical_host(host) {
                own.push(OwnAddress { host, ports: ports.iter().copied().chain(further).collect() });
            }
        };
        if let Some(base) = &self.base_url {
            add(&base.host, &public, base.port);
        }
        for alias in &self.allowed_hosts {
            add(alias, &public, None);
        }
        add(host, &public, port);
        for name in ["localhost", "127.0.0.1", "[::1]"] {
            add(name, &bound, None);
        }
        for ip in sockets.iter().map(SocketAddr::ip) {
            add(&if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }, &bound, None);
        }
        own
    }
}

/// The one-time code of the setup page: whoever can read the server's terminal may become its administrator.
pub(crate) struct SetupCode {
    /// 12 symbols of 5 bits in groups of four.
    text: String,
    /// Start of the running minute, and tries in it.
    tries: Mutex<(Instant, u32)>,
}

/// What came of trying a setup code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetupTry {
    Right,
    Wrong,
    /// Too many tries by everybody together; seconds until the next.
    Wait(u64),
}

impl SetupCode {
    fn random() -> Result<SetupCode, NoRandomness> {
        let text = random::readable::<12>()?;
        let text = format!("{}-{}-{}", &text[..4], &text[4..8], &text[8..]);
        Ok(SetupCode { text, tries: Mutex::new((Instant::now(), 0)) })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Compares a code in a time that does not depend on it; case, spaces and hyphens do not matter to people who
    /// type it. After [`SETUP_TRIES_PER_MINUTE`] wrong ones in a minute none is compared at all.
    pub(crate) fn check(&self, typed: &str) -> SetupTry {
        const MINUTE: Duration = Duration::from_secs(60);
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let age = tries.0.elapsed();
        if age >= MINUTE {
            *tries = (Instant::now(), 0);
        } else if tries.1 >= SETUP_TRIES_PER_MINUTE {
            return SetupTry::Wait((MINUTE - age).as_secs() + 1);
        }
        let plain = |text: &str| -> Vec<u8> {
            text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()).collect()
        };
        if bool::from(plain(&self.text).as_slice().ct_eq(plain(typed).as_slice())) {
            SetupTry::Right
        } else {
            tries.1 += 1;
            SetupTry::Wrong
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setup_code_forgives_form_but_not_content_and_slows_guessing() {
        let code = SetupCode::random().unwrap();
        assert_eq!(code.as_str().len(), 14);
        for wrong in ["", "aaaa-aaaa-aaaa", "1", "ü"] {
            assert_eq!(code.check(wrong), SetupTry::Wrong, "{wrong}");
        }
        for _ in 0..20 {
            assert_eq!(code.check(code.as_str()), SetupTry::Right);
        }
        assert_eq!(code.check(&code.as_str().to_uppercase().replace('-', " ")), SetupTry::Right);
        assert_eq!(code.check(&code.as_str()[1..]), SetupTry::Wrong);
        assert!(matches!(code.check(code.as_str()), SetupTry::Wait(1..=60)));
    }
}
