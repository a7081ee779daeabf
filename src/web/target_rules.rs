//! Which targets this server accepts: the one place that puts settings and own addresses together.

use crate::app::App;
use crate::target::{Target, TargetError, TargetRules};
use crate::user;
use crate::web::access::Visitor;

/// Reads a target under the rules of this server.
///
/// # Errors
/// As [`Target::parse`].
pub(crate) fn parse(app: &App, visitor: &Visitor, text: &str) -> Result<Target, TargetError> {
    let own = app.own_addresses(&visitor.shown.host, visitor.shown.port);
    let rules = TargetRules {
        own: &own,
        blocked: &visitor.settings.blocked_hosts,
        private: visitor.settings.private_targets,
        reserved: user::is_reserved,
    };
    Target::parse(text, &rules)
}
