//! The words the demo company is made of: families of products, towns, company names, people.

/// A word in the languages of the PIM.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) en: &'static str,
    pub(super) de: &'static str,
    pub(super) fr: &'static str,
}

const fn word(en: &'static str, de: &'static str, fr: &'static str) -> Word {
    Word { en, de, fr }
}

/// A family of products: what its members have in common.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) prefix: &'static str,
    pub(super) first: i64,
    pub(super) step: i64,
    pub(super) count: i64,
    /// The ERP's item type.
    pub(super) item_type: &'static str,
    pub(super) unit: &'static str,
    pub(super) per: i64,
    pub(super) category: &'static str,
    pub(super) code: &'static str,
    pub(super) nouns: &'static [Word],
    /// List price from and to, in cents.
    pub(super) cents: (i64, i64),
    /// Weight from and to, in grams.
    pub(super) grams: (i64, i64),
    pub(super) tariff: &'static str,
}

/// Every family, in the order of the catalogue.
pub(super) const FAMILIES: &[Family] = &[
    Family {
        prefix: "PMP",
        first: 3000,
        step: 10,
        count: 520,
        item_type: "HAWA",
        unit: "EA",
        per: 1,
        category: "PUMPS",
        code: "pump",
        nouns: &[
            word("Centrifugal pump", "Kreiselpumpe", "Pompe centrifuge"),
            word("Diaphragm pump", "Membranpumpe", "Pompe à membrane"),
            word("Gear pump", "Zahnradpumpe", "Pompe à engrenages"),
            word("Submersible pump", "Tauchpumpe", "Pompe submersible"),
            word("Dosing pump", "Dosierpumpe", "Pompe doseuse"),
        ],
        cents: (48_000, 890_000),
        grams: (6_000, 240_000),
        tariff: "84137030",
    },
    Family {
        prefix: "VLV",
        first: 1000,
        step: 5,
        count: 900,
        item_type: "HAWA",
        unit: "EA",
        per: 1,
        category: "VALVES",
        code: "valve",
        nouns: &[
            word("Ball valve", "Kugelhahn", "Robinet à boisseau sphérique"),
            word("Butterfly valve", "Absperrklappe", "Vanne papillon"),
            word("Check valve", "Rückschlagventil", "Clapet anti-retour"),
            word("Solenoid valve", "Magnetventil", "Électrovanne"),
            word("Gate valve", "Absperrschieber", "Robinet-vanne"),
        ],
        cents: (1_900, 124_000),
        grams: (200, 38_000),
        tariff: "84818081",
    },
    Family {
        prefix: "FIT",
        first: 1,
        step: 1,
        count: 1_150,
        item_type: "HAWA",
        unit: "EA",
        per: 100,
        category: "FITTINGS",
        code: "fitting",
        nouns: &[
            word("Elbow 90°", "Winkel 90°", "Coude 90°"),
            word("Tee", "T-Stück", "Té"),
            word("Union", "Verschraubung", "Raccord union"),
            word("Reducer", "Reduzierstück", "Réduction"),
            word("Nipple", "Nippel", "Mamelon"),
        ],
        cents: (4_500, 98_000),
        grams: (20, 1_800),
        tariff: "73079210",
    },
    Family {
        prefix: "DRV",
        first: 2000,
        step: 20,
        count: 300,
        item_type: "HAWA",
        unit: "EA",
        per: 1,
        category: "DRIVES",
        code: "drive",
        nouns: &[
            word("Frequency inverter", "Frequenzumrichter", "Variateur de fréquence"),
            word("Gear motor", "Getriebemotor", "Motoréducteur"),
            word("Servo drive", "Servoantrieb", "Servovariateur"),
        ],
        cents: (22_000, 640_000),
        grams: (1_200, 95_000),
        tariff: "85044084",
    },
    Family {
        prefix: "SEN",
        first: 100,
        step: 1,
        count: 300,
        item_type: "HAWA",
        unit: "EA",
        per: 1,
        category: "SENSORS",
        code: "sensor",
        nouns: &[
            word("Pressure transmitter", "Druckmessumformer", "Transmetteur de pression"),
            word("Flow meter", "Durchflussmesser", "Débitmètre"),
            word("Level sensor", "Füllstandsensor", "Capteur de niveau"),
        ],
        cents: (9_500, 310_000),
        grams: (150, 7_500),
        tariff: "90262020",
    },
    Family {
        prefix: "SP",
        first: 10_000,
        step: 7,
        count: 1_120,
        item_type: "HAWA",
        unit: "EA",
        per: 1,
        category: "SPARES",
        code: "spare",
        nouns: &[
            word("Seal kit", "Dichtungssatz", "Kit de joints"),
            word("Impeller", "Laufrad", "Roue"),
            word("Bearing", "Wälzlager", "Roulement"),
            word("Diaphragm", "Membrane", "Membrane"),
            word("Gasket", "Flachdichtung", "Joint plat"),
            word("Valve seat", "Ventilsitz", "Siège de soupape"),
        ],
        cents: (250, 89_000),
        grams: (5, 9_000),
        tariff: "84139100",
    },
    Family {
        prefix: "HSE",
        first: 10,
        step: 2,
        count: 150,
        item_type: "HAWA",
        unit: "M",
        per: 1,
        category: "HOSES",
        code: "hose",
        nouns: &[
            word("Suction hose", "Saugschlauch", "Tuyau d'aspiration"),
            word("Pressure hose", "Druckschlauch", "Tuyau de refoulement"),
        ],
        cents: (490, 8_900),
        grams: (300, 4_200),
        tariff: "40094200",
    },
    Family {
        prefix: "CHM",
        first: 100,
        step: 1,
        count: 120,
        item_type: "HAWA",
        unit: "CAN",
        per: 1,
        category: "CONSUMABLES",
        code: "consumable",
        nouns: &[
            word("Gear oil", "Getriebeöl", "Huile pour engrenages"),
            word("Thread sealant", "Gewindedichtmittel", "Produit d'étanchéité"),
            word("Pipe cleaner", "Rohrreiniger", "Nettoyant pour tuyaux"),
        ],
        cents: (890, 24_000),
        grams: (400, 21_000),
        tariff: "34031910",
    },
    Family {
        prefix: "KIT",
        first: 100,
        step: 1,
        count: 60,
        item_type: "SATZ",
        unit: "SET",
        per: 1,
        category: "KITS",
        code: "kit",
        nouns: &[
            word("Maintenance kit", "Wartungssatz", "Kit de maintenance"),
            word("Installation kit", "Installationssatz", "Kit d'installation"),
        ],
        cents: (12_000, 180_000),
        grams: (2_000, 30_000),
        tariff: "84139100",
    },
    Family {
        prefix: "SRV",
        first: 1,
        step: 1,
        count: 40,
        item_type: "DIEN",
        unit: "H",
        per: 1,
        category: "SERVICES",
        code: "service",
        nouns: &[
            word("Commissioning", "Inbetriebnahme", "Mise en service"),
            word("Repair", "Reparatur", "Réparation"),
            word("Training", "Schulung", "Formation"),
        ],
        cents: (9_500, 18_500),
        grams: (0, 0),
        tariff: "",
    },
    Family {
        prefix: "ETO",
        first: 100,
        step: 1,
        count: 60,
        item_type: "NLAG",
        unit: "EA",
        per: 1,
        category: "PROJECTS",
        code: "project",
        nouns: &[
            word("Pressure boosting skid", "Druckerhöhungsanlage", "Groupe de surpression"),
            word("Dosing station", "Dosierstation", "Station de dosage"),
        ],
        cents: (0, 0),
        grams: (180_000, 2_400_000),
        tariff: "84137081",
    },
];

/// The catalogue tree above the nouns: code, code above, name.
pub(super) const CATEGORIES: &[(&str, Option<&str>, &str)] = &[
    ("FLUID", None, "Fluid handling"),
    ("CONTROL", None, "Drive and control"),
    ("AFTERSALES", None, "Spare parts and consumables"),
    ("SOLUTIONS", None, "Services and projects"),
    ("PUMPS", Some("FLUID"), "Pumps"),
    ("VALVES", Some("FLUID"), "Valves"),
    ("FITTINGS", Some("FLUID"), "Fittings"),
    ("HOSES", Some("FLUID"), "Hoses"),
    ("DRIVES", Some("CONTROL"), "Drives"),
    ("SENSORS", Some("CONTROL"), "Sensors"),
    ("SPARES", Some("AFTERSALES"), "Spare parts"),
    ("CONSUMABLES", Some("AFTERSALES"), "Consumables"),
    ("KITS", Some("AFTERSALES"), "Kits"),
    ("SERVICES", Some("SOLUTIONS"), "Services"),
    ("PROJECTS", Some("SOLUTIONS"), "Engineered to order"),
];

pub(super) const BRANDS: &[&str] = &["Aquator", "Hydrelis", "Fenwick", "Torvald"];
pub(super) const SERIES: &[&str] = &["NK", "MV", "CR", "HX", "LT", "QS", "BX"];
pub(super) const SIZES: &[i64] = &[8, 10, 15, 20, 25, 32, 40, 50, 65, 80, 100, 125, 150, 200];
pub(super) const MATERIALS: &[Word] = &[
    word("cast iron", "Grauguss", "fonte"),
    word("stainless steel", "Edelstahl", "acier inoxydable"),
    word("brass", "Messing", "laiton"),
    word("PVDF", "PVDF", "PVDF"),
    word("bronze", "Bronze", "bronze"),
];

/// A town with its postal code, region and country.
#[derive(Debug)]
pub(super) struct Town {
    pub(super) name: &'static str,
    pub(super) postal_code: &'static str,
    pub(super) region: Option<&'static str>,
    pub(super) country: &'static str,
}

const fn town(
    name: &'static str,
    postal_code: &'static str,
    region: Option<&'static str>,
    country: &'static str,
) -> Town {
    Town { name, postal_code, region, country }
}

pub(super) const TOWNS: &[Town] = &[
    town("Hamburg", "20457", None, "DE"),
    town("Bremen", "28195", None, "DE"),
    town("Duisburg", "47051", None, "DE"),
    town("Leipzig", "04109", None, "DE"),
    town("Mannheim", "68159", None, "DE"),
    town("Linz", "4020", None, "AT"),
    town("Winterthur", "8400", None, "CH"),
    town("Lyon", "69003", None, "FR"),
    town("Nantes", "44000", None, "FR"),
    town("Rotterdam", "3011", None, "NL"),
    town("Antwerpen", "2000", None, "BE"),
    town("Gdańsk", "80-831", None, "PL"),
    town("Katowice", "40-001", None, "PL"),
    town("Brno", "602 00", None, "CZ"),
    town("Göteborg", "411 03", None, "SE"),
    town("Aarhus", "8000", None, "DK"),
    town("Hull", "HU1 1AA", None, "GB"),
    town("Houston", "77002", Some("TX"), "US"),
    town("Cleveland", "44114", Some("OH"), "US"),
    town("Tacoma", "98402", Some("WA"), "US"),
];

pub(super) const STREETS: &[&str] =
    &["Hafenstraße", "Industrieweg", "Rue des Ateliers", "Station Road", "Am Kanal", "Werftallee", "Mill Lane", "Kade"];
pub(super) const FIRMS: &[&str] = &[
    "Nordmann",
    "Bergström",
    "Delacroix",
    "Van Houten",
    "Kowalski",
    "Albrecht",
    "Whitfield",
    "Ostrava",
    "Rheintal",
    "Baltic",
    "Severn",
    "Lindqvist",
    "Moreau",
    "Hansa",
    "Tauber",
    "Castell",
    "Brandt",
    "Keller",
    "Ferrum",
    "Atlas",
    "Lakeshore",
    "Pinewood",
];
pub(super) const TRADES: &[&str] = &[
    "Wassertechnik",
    "Anlagenbau",
    "Process Systems",
    "Marine",
    "Haustechnik",
    "Chemie",
    "Brewing",
    "Food Technology",
    "Water Services",
    "Papier",
    "Energie",
    "Mining Supply",
    "Maschinenbau",
    "Pharma",
];
pub(super) const FIRST_NAMES: &[&str] = &[
    "Anna", "Jonas", "Sophie", "Piotr", "Emma", "Lars", "Claire", "Tomáš", "Grace", "Henrik", "Marta", "David", "Ines",
    "Paul",
];
pub(super) const LAST_NAMES: &[&str] = &[
    "Berger", "Novak", "Lindgren", "Dubois", "Wójcik", "Carter", "Jansen", "Schulte", "Meier", "O'Neill", "Fischer",
    "Petit",
];
pub(super) const FUNCTIONS: &[&str] = &["Purchasing", "Maintenance", "Accounts payable", "Project engineering"];
pub(super) const CARRIERS: &[&str] = &["DHL Freight", "DB Schenker", "DSV", "GLS", "Kuehne+Nagel"];
