//! The time during which a certificate is good.

use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;
use x509_cert::time::Time;

use crate::clock::Timestamp;
use crate::limits::CERTIFICATE_SOON_S;

/// Both ends count (RFC 5280, section 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

impl Validity {
    /// The dates of a certificate in DER form; `None` when it cannot be read.
    pub(super) fn of(der: &[u8]) -> Option<Validity> {
        let certificate = CertificateInner::<Raw>::from_der(der).ok()?;
        let validity = certificate.tbs_certificate().validity();
        Some(Validity { from: timestamp(validity.not_before)?, until: timestamp(validity.not_after)? })
    }

    /// What to say of it at `now`, after the certificate's name: that it is not good, or not for long. One that never
    /// is good for long is warned of in the last third of its time.
    pub(super) fn warning(self, now: Timestamp) -> Option<String> {
        let (from, until) = (self.from.minute_text(), self.until.minute_text());
        let whole_s = (self.until.ms() - self.from.ms()) / 1000;
        if now < self.from || now >= self.until.plus_s(1) {
            let now = now.minute_text();
            Some(format!("is good from {from} to {until}, and now is {now}. Renew it, or set the clock"))
        } else if now.plus_s(CERTIFICATE_SOON_S.min(whole_s / 3)) > self.until {
            Some(format!("ends on {until}. Renew it"))
        } else {
            None
        }
    }
}

fn timestamp(time: Time) -> Option<Timestamp> {
    i64::try_from(time.to_unix_duration().as_millis()).ok().map(Timestamp::from_ms)
}
