//! The tables of the extract contract as the fictional senders know them: columns, and code lists with their shares.

/// A table of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    Patients,
    Practitioners,
    Referrals,
    Contacts,
    OnwardReferrals,
    Attendances,
    Organisations,
    DataZones,
    Practices,
}

/// What a column holds, as far as faults care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Chi,
    /// The row's own identifier.
    Id,
    /// The token that links an attendance to an onward referral.
    Link,
    Date,
    Code,
    Number,
    Zone,
    Area,
    Other,
}

use Holds::{Area, Chi, Code, Date, Id, Link, Number, Other, Zone};

impl Table {
    /// The tables that come practice by practice, in the order in which a practice's sheets are kept.
    pub(super) const BY_PRACTICE: [Table; 6] = [
        Table::Patients,
        Table::Practitioners,
        Table::Referrals,
        Table::Contacts,
        Table::OnwardReferrals,
        Table::Attendances,
    ];

    /// The table's name, and its files'.
    pub(super) fn name(self) -> &'static str {
        match self {
            Table::Patients => "patients",
            Table::Practitioners => "practitioners",
            Table::Referrals => "referrals",
            Table::Contacts => "contacts",
            Table::OnwardReferrals => "onward_referrals",
            Table::Attendances => "attendances",
            Table::Organisations => "organisations",
            Table::DataZones => "data_zones",
            Table::Practices => "practices",
        }
    }

    /// Its columns, in the contract's order.
    pub(super) fn columns(self) -> &'static [(&'static str, Holds)] {
        match self {
            Table::Patients => &[
                ("chi", Chi),
                ("practice_code", Other),
                ("sex", Code),
                ("date_of_birth", Date),
                ("data_zone", Zone),
                ("registered_on", Date),
                ("deregistered_on", Date),
            ],
            Table::Practitioners => &[
                ("clp_id", Other),
                ("practice_code", Other),
                ("wte", Number),
                ("started_on", Date),
                ("ended_on", Date),
            ],
            Table::Referrals => &[
                ("referral_id", Id),
                ("chi", Chi),
                ("practice_code", Other),
                ("clp_id", Other),
                ("referred_on", Date),
                ("source", Code),
                ("reason", Code),
                ("status", Code),
            ],
            Table::Contacts => &[
                ("contact_id", Id),
                ("chi", Chi),
                ("clp_id", Other),
                ("contacted_on", Date),
                ("mode", Code),
                ("minutes", Number),
                ("attended", Code),
            ],
            Table::OnwardReferrals => &[
                ("onward_id", Id),
                ("referral_id", Other),
                ("chi", Chi),
                ("clp_id", Other),
                ("org_id", Other),
                ("made_on", Date),
                ("kind", Code),
            ],
            Table::Attendances => &[
                ("attendance_id", Id),
                ("onward_id", Link),
                ("chi", Chi),
                ("org_id", Other),
                ("first_attended_on", Date),
                ("sessions", Number),
                ("outcome", Code),
                ("swemwbs_before", Number),
                ("swemwbs_after", Number),
            ],
            Table::Organisations => &[
                ("org_id", Other),
                ("name", Other),
                ("service_type", Code),
                ("area_code", Area),
                ("places", Number),
                ("funding_gbp", Number),
                ("funded_until", Date),
                ("accepting", Code),
            ],
            Table::DataZones => &[
                ("data_zone", Other),
                ("intermediate_zone", Other),
                ("hscp", Other),
                ("council_area", Other),
                ("health_board", Other),
                ("simd_rank", Other),
                ("simd_decile", Other),
                ("simd_quintile", Other),
                ("population", Other),
                ("simd_quintile_within_health_board", Other),
                ("intermediate_zone_name", Other),
                ("hscp_name", Other),
                ("council_area_name", Other),
                ("health_board_name", Other),
            ],
            Table::Practices => &[("practice_code", Other), ("data_zone", Other)],
        }
    }
}

/// A closed list of codes with the share of each, in parts that need not add to any particular sum.
pub(super) type Codes = [(&'static str, u32)];

/// Who refers.
pub(super) const SOURCE: &Codes = &[("gp", 70), ("nurse", 10), ("self", 10), ("other", 10)];

/// Why. The published shares (mental health 45%, finances 30%, isolation 25%) overlap, because a person may have
/// several reasons; a referral here has one, so the same order is kept at lower shares.
pub(super) const REASON: &Codes = &[
    ("mental_health", 36),
    ("isolation", 17),
    ("finances", 21),
    ("housing", 5),
    ("bereavement", 4),
    ("addiction", 4),
    ("family", 4),
    ("physical_activity", 3),
    ("employment", 2),
    ("long_term_condition", 4),
];

/// How a contact is held.
pub(super) const MODE: &Codes = &[("in_person", 60), ("phone", 28), ("video", 4), ("home", 8)];

/// How a person is sent on.
pub(super) const KIND: &Codes = &[("supported", 35), ("signposted", 65)];

/// What an organisation offers.
pub(super) const SERVICE: &Codes = &[
    ("welfare_advice", 16),
    ("befriending", 12),
    ("counselling", 16),
    ("exercise", 12),
    ("food", 10),
    ("housing_support", 7),
    ("employability", 7),
    ("carers", 7),
    ("arts", 7),
    ("addiction", 6),
];

/// The services, by place in [`SERVICE`], that answer each reason best, in the order of [`REASON`].
pub(super) const ANSWERS: [&[usize]; 10] =
    [&[2, 3, 8], &[1, 8, 3], &[0, 4, 6], &[5, 0], &[2, 1], &[9, 2], &[7, 2], &[3], &[6, 0], &[3, 7]];

/// How a used service ended.
pub(super) const OUTCOME: &Codes = &[("engaged", 40), ("completed", 42), ("dropped_out", 18)];
