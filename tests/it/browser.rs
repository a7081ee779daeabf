//! A person's browser without the screen: keeps cookies, follows nothing by itself, submits forms as the page offers
//! them.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, ClientConnection};
use socket2::{Domain, Socket, Type};

use crate::appliance::{ADMIN, Appliance, PASSWORD};

/// A user agent that counts as a person.
pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";

/// One browser: an address, a cookie jar, headers it always sends.
#[derive(Clone)]
pub struct Browser {
    pub address: SocketAddr,
    pub way: Way,
    pub cookies: BTreeMap<String, String>,
    headers: Vec<(String, String)>,
}

/// How a client gets to the program; plainly, unless it is told otherwise.
#[derive(Clone, Default)]
pub struct Way {
    /// The address of this machine that it comes from.
    pub source: Option<IpAddr>,
    /// Whom it trusts, where it speaks TLS.
    pub tls: Option<Arc<ClientConfig>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Page {
    pub status: u16,
    /// Names in lower case, in the order they came.
    pub headers: Vec<(String, String)>,
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Browser {
    pub fn of(appliance: &Appliance) -> Browser {
        Browser::at(appliance.address)
    }

    pub fn at(address: SocketAddr) -> Browser {
        let mut browser = Browser { address, way: Way::default(), cookies: BTreeMap::new(), headers: Vec::new() };
        browser.header("User-Agent", FIREFOX);
        browser.header("Accept", "text/html,application/xhtml+xml");
        browser.header("Host", &address.to_string());
        browser
    }

    /// A browser in which the administrator is logged in.
    pub fn admin(appliance: &Appliance) -> Browser {
        let mut browser = Browser::of(appliance);
        browser.log_in(ADMIN, PASSWORD);
        browser
    }

    /// A browser in which a new user is logged in. Registration must be open.
    pub fn user(appliance: &Appliance, name: &str) -> Browser {
        let mut browser = Browser::of(appliance);
        let email = format!("{name}@mail.example");
        let fields = [("username", name), ("email", &email), ("password1", PASSWORD), ("password2", PASSWORD)];
        let page = browser.submit("/accounts/register", "/accounts/register", &fields);
        assert_eq!(page.status, 303, "{}", page.body);
        browser.log_in(name, PASSWORD);
        browser
    }

    pub fn log_in(&mut self, name: &str, password: &str) {
        let page = self.submit("/accounts/login", "/accounts/login", &[("username", name), ("password", password)]);
        assert_eq!(page.status, 303, "{}", page.body);
        assert!(self.cookies.keys().any(|name| name.trim_start_matches("__Host-") == "session"));
    }

    /// The value of a `Cookie` header.
    pub fn cookies(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// Always sends this header; an empty value takes it away.
    pub fn header(&mut self, name: &str, value: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if !value.is_empty() {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }

    pub fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, &[], None)
    }

    /// A page that must be there.
    pub fn open(&mut self, path: &str) -> Page {
        let page = self.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        page
    }

    /// A file that must be there, however long it is: a client of HTTP/1.0 finds its end at the end of the connection.
    pub fn download(&mut self, path: &str) -> Page {
        let (host, cookies) = (self.address, self.cookies());
        let request = format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nCookie: {cookies}\r\n\r\n");
        let page = Page::parse(&self.way.ask(self.address, request.as_bytes()));
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        page
    }

    /// Posts exactly these fields.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[kind], Some(body.join("&").as_bytes()))
    }

    /// Opens `path`, finds the form that goes to `action`, fills it in, and sends it: hidden fields as they are,
    /// ticked boxes, and `fields` over all of them.
    pub fn submit(&mut self, path: &str, action: &str, fields: &[(&str, &str)]) -> Page {
        let page = self.open(path);
        self.submit_on(&page, action, fields)
    }

    /// The same on a page that is open already.
    pub fn submit_on(&mut self, page: &Page, action: &str, fields: &[(&str, &str)]) -> Page {
        let offered = page.form(action);
        let kept = offered.iter().filter(|(name, _)| !fields.iter().any(|(given, _)| given == name));
        let all: Vec<(&str, &str)> =
            kept.map(|(name, value)| (name.as_str(), value.as_str())).chain(fields.iter().copied()).collect();
        self.post(action, &all)
    }

    /// Makes a link and returns its id.
    pub fn make_link(&mut self, target: &str, slug: &str) -> String {
        let page = self.submit("/links/new", "/links/new", &[("target_url", target), ("slug", slug)]);
        assert_eq!(page.status, 303, "{}", page.body);
        let location = page.header("location").unwrap();
        location.strip_prefix("/links?new=").unwrap().to_owned()
    }

    /// Sends a request with further headers and remembers the cookies of the answer.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Page {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        let overridden = |name: &str| headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        for (name, value) in self.headers.iter().filter(|(name, _)| !overridden(name)) {
            request += &format!("{name}: {value}\r\n");
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !self.cookies.is_empty() && !overridden("Cookie") {
            request += &format!("Cookie: {}\r\n", self.cookies());
        }
        if let Some(body) = body {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        request += "\r\n";
        let mut bytes = request.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        let page = Page::parse(&self.way.ask(self.address, &bytes));
        for (_, value) in page.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (pair, rest) = value.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        page
    }
}

impl Way {
    pub fn from(source: &str) -> Way {
        Way { source: Some(source.parse().unwrap()), tls: None }
    }

    /// A connection, and what is known of TLS after its handshake.
    pub fn connect(&self, address: SocketAddr) -> std::io::Result<(TcpStream, Option<ClientConnection>)> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if let Some(source) = self.source {
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        socket.connect(&address.into())?;
        let mut stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        stream.set_write_timeout(Some(Duration::from_secs(20)))?;
        let Some(config) = &self.tls else { return Ok((stream, None)) };
        let client = ClientConnection::new(Arc::clone(config), address.ip().into());
        let mut client = client.map_err(std::io::Error::other)?;
        client.complete_io(&mut stream)?;
        Ok((stream, Some(client)))
    }

    /// Sends bytes and reads until the server closes.
    pub fn ask(&self, address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
        let (mut stream, tls) = self.connect(address).unwrap();
        let mut answer = Vec::new();
        // A reset after the answer is the server's way to refuse the rest of a body.
        let _ = match tls {
            Some(mut tls) => {
                let mut stream = rustls::Stream::new(&mut tls, &mut stream);
                stream.write_all(bytes).and_then(|()| stream.read_to_end(&mut answer))
            }
            None => stream.write_all(bytes).and_then(|()| stream.read_to_end(&mut answer)),
        };
        answer
    }
}

/// Sends bytes and reads until the server closes.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    Way::default().ask(address, bytes)
}

/// Percent-encodes for a form or a query.
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl Page {
    pub fn parse(bytes: &[u8]) -> Page {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no head in {:?}", String::from_utf8_lossy(bytes)));
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines.map(|line| line.split_once(": ").unwrap());
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let bytes = bytes[end + 4..].to_vec();
        Page { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    /// The value of a header that may stand once at most.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert!(values.next().is_none(), "{name} stands twice");
        value
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str()).collect()
    }

    /// What a person reads: the text without markup, white space folded.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut inside = false;
        for c in self.body.chars() {
            match c {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    text.push(' ');
                }
                c if !inside => text.push(c),
                _ => {}
            }
        }
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub fn says(&self, words: &str) {
        assert!(self.text().contains(words), "{words:?} is not in: {}", self.text());
    }

    #[track_caller]
    pub fn does_not_say(&self, words: &str) {
        assert!(!self.text().contains(words), "{words:?} is in: {}", self.text());
    }

    /// All clicks of people, and of bots and previews, on a link's page.
    #[track_caller]
    pub fn clicks(&self) -> (u64, u64) {
        let told = self.body.split("data-told=\"").nth(1).unwrap_or_else(|| panic!("no clicks in {}", self.body));
        let (people, bots) = told.split('"').next().unwrap().split_once(' ').unwrap();
        (people.parse().unwrap(), bots.parse().unwrap())
    }

    /// The fields that the form going to `action` would send untouched, or the one that a button there belongs to.
    pub fn form(&self, action: &str) -> Vec<(String, String)> {
        let start = format!("action=\"{action}\"");
        let at = self.body.find(&start).unwrap_or_else(|| panic!("no form for {action} in: {}", self.body));
        let tag = &self.body[self.body[..at].rfind('<').unwrap()..];
        let form = match attribute(&tag[..tag.find('>').unwrap()], "form") {
            Some(id) => &self.body[self.body.find(&format!("<form id=\"{id}\"")).unwrap()..],
            None => &self.body[self.body[..=at].rfind("<form").unwrap()..],
        };
        let form = &form[..form.find("</form>").unwrap()];
        let mut fields = Vec::new();
        for tag in form.split("<input").skip(1).map(|rest| &rest[..rest.find('>').unwrap()]) {
            let kind = attribute(tag, "type").unwrap_or_default();
            let is_choice = kind == "checkbox" || kind == "radio";
            let name = attribute(tag, "name").unwrap_or_default();
            if name.is_empty() || (is_choice && !tag.contains(" checked")) {
                continue;
            }
            fields.push((name, attribute(tag, "value").unwrap_or_default()));
        }
        fields
    }

    /// The form token of the page.
    pub fn token(&self) -> String {
        let tag = self.body.split("<input").find(|tag| tag.contains("name=\"csrf_token\"")).unwrap();
        attribute(tag, "value").unwrap()
    }
}

/// The value of an attribute of a tag, unescaped.
pub fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = format!(" {name}=\"");
    let rest = &tag[tag.find(&start)? + start.len()..];
    let value = &rest[..rest.find('"')?];
    Some(value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&"))
}
