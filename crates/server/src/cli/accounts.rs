//! The command line of `user`, `group` and `key`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Whose accounts: those of the server with this data directory, or with `$DATABASE_URL`.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The data directory of the server
    #[arg(long, value_name = "DIR", default_value = "./datahall-data", global = true)]
    pub(crate) data_dir: PathBuf,
}

/// Of whom the commands speak, said below the help of each.
const WHOSE: &str =
    "Those of the server with this data directory, or with $DATABASE_URL where that is set. A running server sees changes
within a second.";

const USERS: &str = "Examples:
  datahall user add ann --role default=editor --password-stdin < password.txt
  datahall user set ann --group analysts --attribute region=EU
  datahall user disable ann
  DATABASE_URL=postgres://db.example.com/datahall datahall user list";

const GROUPS: &str = "Examples:
  datahall group add analysts --description 'Those who look at sales'
  datahall user set ann --group analysts
  datahall group list";

const KEYS: &str = "Examples:
  datahall key create nightly --role editor --org default --expires-in 7776000
  datahall key create notebook --grants '{\"projects\":{\"DEFAULT\":{\"privileges\":[\"READ_DATA\"]}}}'
  datahall key list
  datahall key revoke 770ae232603a88c9";

/// Users: people with a login.
#[derive(Debug, Args)]
#[command(before_help = WHOSE, after_help = USERS)]
pub(crate) struct User {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) action: UserAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserAction {
    /// Make a user
    Add {
        /// The login; it never changes
        login: String,
        /// Read the password from the first line of standard input
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        fields: UserFields,
    },
    /// Change a user; what is not given stays as it is
    Set {
        /// The login
        login: String,
        #[command(flatten)]
        fields: UserFields,
    },
    /// Set the password, read from the first line of standard input; sessions end
    Password {
        /// The login
        login: String,
    },
    /// Let a user log in again
    Enable {
        /// The login
        login: String,
    },
    /// Let a user no longer log in; sessions end
    Disable {
        /// The login
        login: String,
    },
    /// Delete a user
    Delete {
        /// The login
        login: String,
    },
    /// List all users
    List,
}

/// What a user is.
#[derive(Debug, Args)]
pub(crate) struct UserFields {
    /// The name as people write it
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Where mail reaches him
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// Whether he administers the instance
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) admin: Option<bool>,
    /// What he is in an organisation, as in `default=editor`; may be given several times
    #[arg(long = "role", value_name = "ORGANISATION=ROLE")]
    pub(crate) roles: Vec<String>,
    /// A group he is in; may be given several times
    #[arg(long = "group", value_name = "GROUP")]
    pub(crate) groups: Vec<String>,
    /// What row filters may ask of him; several values may be given, and none (`region=`) takes the attribute away
    #[arg(long = "attribute", value_name = "NAME=VALUE")]
    pub(crate) attributes: Vec<String>,
}

/// Groups of users.
#[derive(Debug, Args)]
#[command(before_help = WHOSE, after_help = GROUPS)]
pub(crate) struct Group {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) action: GroupAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GroupAction {
    /// Make a group
    Add {
        /// Its name
        name: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        /// Its members administer the instance
        #[arg(long)]
        admin: bool,
    },
    /// Delete a group
    Delete {
        /// Its name
        name: String,
    },
    /// List all groups and who is in them
    List,
}

/// API keys.
#[derive(Debug, Args)]
#[command(before_help = WHOSE, after_help = KEYS)]
pub(crate) struct Key {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) action: KeyAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyAction {
    /// Make a key, and print it once
    Create {
        /// What it is called
        name: String,
        /// What it is in its organisation: viewer, editor or admin
        #[arg(long)]
        role: Option<String>,
        /// The organisation it acts in
        #[arg(long)]
        org: Option<String>,
        /// In whose name it acts
        #[arg(long, value_name = "LOGIN")]
        owner: Option<String>,
        /// A group whose permissions it has; may be given several times
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        /// What else it may do, as JSON: `{"projects":{"P":{"privileges":["READ_DATA"]}}}`
        #[arg(long, value_name = "JSON")]
        grants: Option<String>,
        /// What row filters may ask of it, unless it acts for a user; several values may be given
        #[arg(long = "attribute", value_name = "NAME=VALUE")]
        attributes: Vec<String>,
        /// After how many seconds it ends
        #[arg(long, value_name = "SECONDS")]
        expires_in: Option<u64>,
    },
    /// Revoke a key
    Revoke {
        /// Its id
        id: String,
    },
    /// List all keys, without what proves them
    List,
}
