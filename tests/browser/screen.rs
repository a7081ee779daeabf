//! A real browser without a window, and the little of WebDriver that our tests need.
//!
//! Source: W3C WebDriver, sections 8 to 17; `goog/cdp/execute` and `se/log` are chromedriver's own.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::appliance::Appliance;

pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";
pub const CONTROL: &str = "\u{e009}";
pub const ESCAPE: &str = "\u{e00c}";
pub const ARROW_DOWN: &str = "\u{e015}";

/// The zone in which all of this happens: 5 hours and 45 minutes ahead of UTC, which nothing hits by chance.
pub const ZONE: &str = "Asia/Kathmandu";
/// A name of the local network that leads to this machine. Pages there have no clipboard interface.
pub const LOCAL_NAME: &str = "jar.home.arpa";

/// Anything a person waits for takes less, even on a busy machine.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// How often we look whether it is there.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Whether pages may run scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scripts {
    On,
    Off,
}

/// A browser that has one page open.
pub struct Screen {
    /// What stands before every path: `http://127.0.0.1:8000`.
    pub site: String,
    driver: Driver,
    session: String,
}

/// chromedriver, with a home of its own for everything that it and the browser leave behind.
struct Driver {
    child: Child,
    port: u16,
    // Dropped only with the child: a closed pipe would end it.
    _output: BufReader<ChildStdout>,
    _home: TempDir,
}

impl Screen {
    /// Opens a browser for this program; `None` when the machine has none and none is required.
    pub fn open(appliance: &Appliance, scripts: Scripts) -> Option<Screen> {
        let driver = Driver::start()?;
        let answer = driver.call("POST", "/session", &capabilities(&driver, scripts)).unwrap();
        let session = answer["sessionId"].as_str().unwrap().to_owned();
        let screen = Screen { site: format!("http://{}", appliance.address), driver, session };
        // Without it a page loses the focus when it is loaded again.
        screen.chromium("Emulation.setFocusEmulationEnabled", &json!({ "enabled": true }));
        Some(screen)
    }

    /// One command of the session.
    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        self.driver.call(method, &format!("/session/{}{path}", self.session), body)
    }

    /// Opens a page of the site.
    pub fn go(&self, path: &str) {
        self.call("POST", "/url", &json!({ "url": format!("{}{path}", self.site) })).unwrap();
    }

    pub fn reload(&self) {
        self.call("POST", "/refresh", &json!({})).unwrap();
    }

    /// Runs a function body in the page and returns what it returns. Works with scripts off, too.
    #[track_caller]
    pub fn run(&self, body: &str, arguments: &[&str]) -> Value {
        self.call("POST", "/execute/sync", &json!({ "script": body, "args": arguments })).unwrap()
    }

    /// The same for what is a text.
    #[track_caller]
    pub fn text_of(&self, body: &str, arguments: &[&str]) -> String {
        let value = self.run(body, arguments);
        value.as_str().unwrap_or_else(|| panic!("{body} is {value}")).to_owned()
    }

    /// The same for what is true or false.
    #[track_caller]
    pub fn is(&self, condition: &str) -> bool {
        let value = self.run(&format!("return {condition}"), &[]);
        value.as_bool().unwrap_or_else(|| panic!("{condition} is {value}"))
    }

    /// Waits until a condition holds. A page that is just being left answers nothing; that counts as not yet.
    #[track_caller]
    pub fn wait(&self, condition: &str) {
        let script = json!({ "script": format!("return {condition}"), "args": [] });
        let end = Instant::now() + WAIT_MAX;
        loop {
            let answer = self.call("POST", "/execute/sync", &script);
            if answer == Ok(json!(true)) {
                return;
            }
            assert!(Instant::now() < end, "{condition} never came true: {answer:?}, at {}", self.state());
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Waits until a page is there; `place` is its path, with or without query.
    #[track_caller]
    pub fn arrives_at(&self, place: &str) {
        let here = if place.contains('?') { "location.pathname + location.search" } else { "location.pathname" };
        self.wait(&format!("document.readyState == 'complete' && {here} == '{place}'"));
    }

    /// The address of the page without the site.
    pub fn place(&self) -> String {
        self.text_of("return location.pathname + location.search + location.hash", &[])
    }

    /// What a failed test says of the page.
    pub fn state(&self) -> String {
        let text = self.text_of("return document.body.innerText", &[]);
        format!("{} with {:?} on the console and this on the page: {text}", self.place(), self.complaints())
    }

    /// Asserts that the page shows some words.
    #[track_caller]
    pub fn says(&self, words: &str) {
        let text = self.text_of("return document.body.innerText.replace(/\\s+/g, ' ')", &[]);
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }

    /// Clicks with the mouse.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.call("POST", &format!("/element/{element}/click"), &json!({})).unwrap();
    }

    /// Replaces what stands in a field.
    #[track_caller]
    pub fn fill(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.call("POST", &format!("/element/{element}/clear"), &json!({})).unwrap();
        self.call("POST", &format!("/element/{element}/value"), &json!({ "text": text })).unwrap();
    }

    #[track_caller]
    fn find(&self, selector: &str) -> String {
        let found = self.call("POST", "/element", &json!({ "using": "css selector", "value": selector }));
        let found = found.unwrap_or_else(|error| panic!("{selector}: {error}"));
        found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    /// Types on the keyboard, wherever the focus is.
    pub fn keys(&self, text: &str) {
        let press = |key: char| [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })];
        self.act(&text.chars().flat_map(press).collect::<Vec<_>>());
    }

    /// Presses a key while another one is held down.
    pub fn keys_with(&self, held: &str, key: &str) {
        self.act(&[
            json!({ "type": "keyDown", "value": held }),
            json!({ "type": "keyDown", "value": key }),
            json!({ "type": "keyUp", "value": key }),
            json!({ "type": "keyUp", "value": held }),
        ]);
    }

    fn act(&self, actions: &[Value]) {
        let body = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] });
        self.call("POST", "/actions", &body).unwrap();
    }

    /// A command of Chromium's own protocol.
    pub fn chromium(&self, command: &str, parameters: &Value) {
        self.call("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).unwrap();
    }

    /// Warnings and errors on the console since the last call. That a page was answered with an error status is no
    /// complaint; that a file of a page was, is one.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", &json!({ "type": "browser" })).unwrap();
        let entries = log.as_array().unwrap().iter();
        let serious = entries.filter(|entry| matches!(entry["level"].as_str(), Some("WARNING" | "SEVERE")));
        let messages = serious.map(|entry| entry["message"].as_str().unwrap().to_owned());
        let is_status = |message: &str| message.contains("responded with a status of") && !message.contains("/assets/");
        messages.filter(|message| !is_status(message)).collect()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Closes the browser. The driver may be gone when a test has failed.
        let _ = self.call("DELETE", "", &Value::Null);
    }
}

impl Driver {
    fn start() -> Option<Driver> {
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let home = TempDir::new().unwrap();
        let mut command = Command::new(&program);
        command.arg("--port=0").env("HOME", home.path()).env("TZ", ZONE);
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let is_required = std::env::var("LINKJAR_BROWSER").is_ok_and(|value| value == "required");
                assert!(!is_required, "no chromedriver, although LINKJAR_BROWSER=required");
                say_once("skipped: no chromedriver\n");
                return None;
            }
            Err(error) => panic!("{program}: {error}"),
        };
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let port = port(&mut output);
        Some(Driver { child, port, _output: output, _home: home })
    }

    /// One command; the value it answers with, or what went wrong.
    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n", self.port);
        let kind = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(format!("{head}{kind}").as_bytes()).map_err(|error| error.to_string())?;
        let (is_fine, mut body) = answer(&mut BufReader::new(stream)).map_err(|error| error.to_string())?;
        let value = body["value"].take();
        if is_fine { Ok(value) } else { Err(format!("{}: {}", value["error"], value["message"])) }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads an answer: whether it is a good one, and its body. chromedriver announces the end of a connection and leaves
/// it open, so the length decides.
fn answer(stream: &mut impl BufRead) -> std::io::Result<(bool, Value)> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let is_fine = line.starts_with("HTTP/1.1 200");
    let mut length = 0;
    while !line.trim().is_empty() {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        line.clear();
        stream.read_line(&mut line)?;
    }
    Ok((is_fine, serde_json::from_reader(stream.take(length))?))
}

/// The port in the line `ChromeDriver was started successfully on port 40999.`
fn port(output: &mut impl BufRead) -> u16 {
    let mut lines = output.lines().map(Result::unwrap);
    let line = lines.find(|line| line.contains("successfully on port ")).expect("chromedriver ended at once");
    line.rsplit(' ').next().unwrap().trim_end_matches('.').parse().unwrap()
}

fn capabilities(driver: &Driver, scripts: Scripts) -> Value {
    let args = [
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--window-size=1200,900".to_owned(),
        format!("--host-resolver-rules=MAP {LOCAL_NAME} 127.0.0.1"),
        format!("--user-data-dir={}", driver._home.path().join("profile").display()),
    ];
    let mut prefs = json!({ "credentials_enable_service": false, "profile.password_manager_leak_detection": false });
    if scripts == Scripts::Off {
        prefs["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    json!({ "capabilities": { "alwaysMatch": {
        "goog:loggingPrefs": { "browser": "ALL" },
        "timeouts": { "pageLoad": 20_000, "script": 20_000 },
        "goog:chromeOptions": { "args": args, "prefs": prefs },
    }}})
}

/// Says something once per run, past the test harness, which keeps back what passing tests print.
fn say_once(text: &str) {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| {
        let _ = std::io::stderr().write_all(text.as_bytes());
    });
}
