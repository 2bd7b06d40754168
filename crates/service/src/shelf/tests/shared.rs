//! Shares: what they give, to whom, and where nobody else gets anything.

use super::{member, uploaded};
use crate::testing::{Fixture, admin, bearer};
use crate::{Ctx, DatasetFilter, GranteeType, MaskChange, MasksChange, NewKey, NewShare, PolicyChange, Service};
use datahall_core::Code;
use datahall_core::privilege::{Privilege, Role, SharePermission};
use datahall_core::query::Expr;

fn to(grantee_type: GranteeType, grantee: &str, permission: SharePermission) -> NewShare {
    NewShare { grantee_type, grantee: grantee.into(), permission }
}

/// The bearer of a key with this role in the default organisation, in somebody's name.
async fn key(service: &Service, name: &str, role: Role, groups: &[&str]) -> String {
    let new = NewKey {
        name: name.into(),
        role: Some(role),
        owner: Some(name.into()),
        groups: groups.iter().map(|group| (*group).into()).collect(),
        ..NewKey::default()
    };
    service.create_key(&admin(), new).await.unwrap().secret.0
}

fn masks() -> PolicyChange {
    let mask = MaskChange { strategy: Some(Some("full".into())), ..MaskChange::default() };
    PolicyChange { masks: Some(MasksChange::Merge([("kind".to_owned(), Some(mask))].into())), ..PolicyChange::default() }
}

async fn available(service: &Service, ctx: &Ctx) -> usize {
    let filter = DatasetFilter { available: true, ..DatasetFilter::default() };
    service.datasets(ctx, &filter, 9, 0).await.unwrap().items.len()
}

#[tokio::test]
async fn a_share_lets_write_whoever_is_named_on_every_node_and_ends() {
    let fixture = Fixture::new().await;
    let (service, other) = (&fixture.service, fixture.another_node().await);
    service.add_dataset(&admin(), uploaded(&fixture, "sales").await).await.unwrap();
    let secret = key(service, "vic", Role::Viewer, &[]).await;
    let vic = async |service: &Service| bearer(service, &secret).await.unwrap();
    assert_eq!(service.change_policy(&vic(service).await, "sales", masks()).await.unwrap_err().code(), Code::Forbidden);
    let new = to(GranteeType::User, "Vic", SharePermission::ReadWrite);
    assert_eq!(service.share(&vic(service).await, "sales", new.clone()).await.unwrap_err().code(), Code::Forbidden);
    let share = service.share(&admin(), "sales", new).await.unwrap();
    service.change_policy(&vic(service).await, "sales", masks()).await.unwrap();
    fixture.until(async |_| vic(&other).await.principal.grants.allow_somewhere(Privilege::WriteConf)).await;
    let again = service.share(&admin(), "sales", to(GranteeType::User, "vic", SharePermission::Read)).await.unwrap();
    assert_eq!((again.id.as_str(), again.permission.as_str()), (share.id.as_str(), "dataset.read"));
    assert_eq!(service.shares(&vic(service).await, "sales").await.unwrap().len(), 1);
    assert!(!vic(service).await.principal.grants.allow_somewhere(Privilege::WriteConf));
    service.unshare(&admin(), "sales", &share.id).await.unwrap();
    assert_eq!(service.unshare(&admin(), "sales", &share.id).await.unwrap_err().code(), Code::NotFound);
    fixture.until(async |_| !vic(&other).await.principal.grants.allow_somewhere(Privilege::WriteConf)).await;
}

#[tokio::test]
async fn what_is_shared_is_available_to_grantees_owners_and_administrators() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    let edith = member(&fixture, "edith", "default", Role::Editor).await;
    let vic = member(&fixture, "vic", "default", Role::Viewer).await;
    let mut payroll = member(&fixture, "pat", "default", Role::Editor).await;
    payroll.principal.groups = vec!["Payroll".into()];
    service.add_dataset(&edith, uploaded(&fixture, "sales").await).await.unwrap();
    for ctx in [&edith, &vic, &payroll, &admin()] {
        assert_eq!(available(service, ctx).await, 1);
    }
    service.share(&edith, "sales", to(GranteeType::Group, "payroll", SharePermission::Read)).await.unwrap();
    for (ctx, count) in [(&edith, 1), (&vic, 0), (&payroll, 1), (&admin(), 1)] {
        assert_eq!(available(service, ctx).await, count, "{}", ctx.principal.label());
    }
    assert_eq!(service.count(&vic, "sales", Expr::default()).await.unwrap(), 3, "reads stay open to the organisation");
    service.share(&edith, "sales", to(GranteeType::Role, "viewer", SharePermission::Read)).await.unwrap();
    assert_eq!(available(service, &vic).await, 1);
    let king = service.share(&edith, "sales", to(GranteeType::Role, "king", SharePermission::Read)).await.unwrap_err();
    assert_eq!(king.code(), Code::Invalid);
    let nobody = service.share(&edith, "sales", to(GranteeType::User, " ", SharePermission::Read)).await.unwrap_err();
    assert_eq!(nobody.code(), Code::Invalid);
}

#[tokio::test]
async fn names_and_groups_of_other_organisations_get_nothing() {
    let fixture = Fixture::new().await;
    let service = &fixture.service;
    service.ensure_organisation(&admin(), "other").await.unwrap();
    service.add_dataset(&admin(), uploaded(&fixture, "sales").await).await.unwrap();
    for new in [
        to(GranteeType::User, "vic", SharePermission::ReadWrite),
        to(GranteeType::Group, "staff", SharePermission::ReadWrite),
        to(GranteeType::Role, "viewer", SharePermission::ReadWrite),
    ] {
        service.share(&admin(), "sales", new).await.unwrap();
    }
    let new = NewKey {
        name: "k".into(),
        role: Some(Role::Viewer),
        organisation: Some("other".into()),
        owner: Some("vic".into()),
        groups: vec!["staff".into()],
        ..NewKey::default()
    };
    let secret = service.create_key(&admin(), new).await.unwrap().secret.0;
    let stranger = bearer(service, &secret).await.unwrap();
    assert!(!stranger.principal.grants.allow_somewhere(Privilege::WriteData));
    assert_eq!(service.count(&stranger, "sales", Expr::default()).await.unwrap_err().code(), Code::NotFound);
}
