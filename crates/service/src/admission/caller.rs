//! Who a query is counted for.

use crate::{Ctx, Principal, PrincipalKind};
use std::net::IpAddr;

/// Who a query is counted for: whoever proved who he is wherever he calls from, everybody else by his address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    Admin,
    /// A user; the keys that act for him count as he does.
    User(String),
    /// A key of nobody's.
    Key(String),
    /// The bearer of a token of that subject.
    Token(String),
    /// Nobody in particular, from that network.
    Address(Option<IpAddr>),
}

impl Caller {
    /// Who calls.
    pub(crate) fn of(ctx: &Ctx) -> Self {
        match &ctx.principal.kind {
            PrincipalKind::Nobody => Self::Address(ctx.address.map(network)),
            _ => Self::principal(&ctx.principal),
        }
    }

    /// Somebody for whom work is done without a call.
    pub(crate) fn principal(principal: &Principal) -> Self {
        match &principal.kind {
            PrincipalKind::Nobody => Self::Address(None),
            PrincipalKind::Admin => Self::Admin,
            PrincipalKind::User { login } => Self::User(login.clone()),
            PrincipalKind::Key { owner: Some(owner), .. } => Self::User(owner.clone()),
            PrincipalKind::Key { id, owner: None, .. } => Self::Key(id.clone()),
            PrincipalKind::Token { subject, .. } => Self::Token(subject.clone()),
        }
    }
}

/// Whoever has one address of IPv6 has 2^64 of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::reader;
    use datahall_core::access::Grants;

    fn from(address: &str) -> Caller {
        Caller::of(&Ctx { address: Some(address.parse().unwrap()), ..reader() })
    }

    fn of(kind: PrincipalKind) -> Caller {
        let principal = Principal::bare(kind, Grants::default(), true);
        Caller::of(&Ctx { principal, address: Some([10, 0, 0, 1].into()), ..reader() })
    }

    #[test]
    fn nobody_is_his_network_and_somebody_is_himself() {
        assert_ne!(from("10.0.0.1"), from("10.0.0.2"));
        assert_eq!(from("10.0.0.1"), from("::ffff:10.0.0.1"));
        assert_eq!(from("2001:db8::1"), from("2001:db8::2"));
        assert_ne!(from("2001:db8::1"), from("2001:db8:0:1::1"));
        let key =
            |id: &str, owner: Option<&str>| PrincipalKind::Key { id: id.into(), owner: owner.map(Into::into), name: "n".into() };
        assert_eq!(of(key("a", Some("ann"))), of(PrincipalKind::User { login: "ann".into() }));
        assert_eq!(of(key("a", Some("ann"))), of(key("b", Some("ann"))));
        assert_ne!(of(key("a", None)), of(key("b", None)));
        assert_ne!(of(key("ann", None)), of(PrincipalKind::User { login: "ann".into() }));
    }
}
