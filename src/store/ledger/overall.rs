//! What the sums of a user and of the site hold beyond those of the links that are there: clicks on deleted links.

use redb::{ReadableTable, WriteTransaction};

use crate::link::LinkId;
use crate::store::error::{Error, unless_damaged};
use crate::store::ledger::rolls::ALL_DAYS;
use crate::store::record::{self, OverallRecord, RollHead, SumRecord};
use crate::store::tables::{ROLL_DAY, ROLL_TOTAL, day_key, link_key, sum_key};
use crate::user::UserId;

/// Removes the sums of a link that is being deleted. Its clicks stay in those of its owner, which say how many of theirs
/// are on links that are gone.
///
/// # Errors
/// When the store fails. What does not read keeps nobody from deleting the link.
pub(in crate::store) fn forget_link(tx: &WriteTransaction, owner: UserId, link: LinkId) -> Result<(), Error> {
    let mut totals = tx.open_table(ROLL_TOTAL)?;
    let key = link_key(owner, link);
    let sum = match totals.remove(key.as_slice())? {
        Some(raw) => unless_damaged(record::unseal::<SumRecord>(&key, raw.value()))?,
        // Nobody has followed it.
        None => return Ok(()),
    };
    let counts = match sum {
        Some(sum) => Some((sum.humans, sum.bots)),
        None => counts_of_days(tx, key)?,
    };
    let key = sum_key(Some(owner));
    let overall = match totals.get(key.as_slice())? {
        Some(raw) => unless_damaged(record::unseal::<OverallRecord>(&key, raw.value()))?,
        None => None,
    };
    let (Some((humans, bots)), Some(mut overall)) = (counts, overall) else { return Ok(()) };
    overall.gone_humans = overall.gone_humans.saturating_add(humans);
    overall.gone_bots = overall.gone_bots.saturating_add(bots);
    totals.insert(key.as_slice(), record::seal(&key, &overall)?.as_slice())?;
    Ok(())
}

/// People and bots of a link, as the sum of its days has them.
fn counts_of_days(tx: &WriteTransaction, link: [u8; 8]) -> Result<Option<(u64, u64)>, Error> {
    let (days, key) = (tx.open_table(ROLL_DAY)?, day_key(link, ALL_DAYS));
    let Some(raw) = days.get(key.as_slice())? else { return Ok(None) };
    Ok(unless_damaged(RollHead::unseal(&key, raw.value()))?.map(|head| (head.humans, head.bots)))
}
