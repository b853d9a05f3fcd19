//! What is known of a term, rule by rule: a proof is worth no more than these.

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::logical_expr::{cast, col, lit};

use super::*;

type Range = (Option<i128>, Option<i128>);

fn column(values: &mut Values, range: Range) -> Id {
    values.column(Known { range, ..Known::default() })
}

fn whole(values: &mut Values, number: i128) -> Id {
    values.add(Term::Whole(number))
}

fn call(values: &mut Values, name: &str, of: &[Id]) -> Id {
    values.add(Term::Call(name.into(), of.to_vec()))
}

#[test]
fn ranges_follow_from_those_of_the_arguments() {
    let some = |low, high| (Some(low), Some(high));
    let none = (None, None);
    let most = i128::from(i64::MAX);
    // Where the second range is one number, it is a constant.
    let cases = [
        ("least", none, some(5, 5), (None, Some(5))),
        ("least", some(-3, 10), some(5, 5), some(-3, 5)),
        ("least", some(-3, 10), some(2, 9), (Some(-3), None)),
        ("greatest", none, some(-5, -5), (Some(-5), None)),
        ("greatest", some(-3, 10), some(4, 4), some(4, 10)),
        ("greatest", some(-3, 10), some(2, 12), (None, Some(12))),
        ("&", none, some(7, 7), some(0, 7)),
        ("&", none, some(0, 0), some(0, 0)),
        ("&", none, some(-8, -8), none),
        ("&", none, some(1, 7), none),
        ("%", none, some(7, 7), some(-6, 6)),
        ("%", some(-1, 20), some(7, 7), some(-6, 6)),
        ("%", some(0, 20), some(7, 7), some(0, 6)),
        ("%", some(0, 20), some(1, 1), some(0, 0)),
        ("%", some(0, 20), some(0, 0), none),
        ("%", some(0, 20), some(-7, -7), none),
        ("%", some(0, 20), some(3, 7), none),
        ("/", some(9, 21), some(4, 4), some(2, 5)),
        ("/", (Some(0), None), some(4, 4), (Some(0), None)),
        ("/", some(-1, 21), some(4, 4), none),
        ("/", some(5, 21), some(0, 0), none),
        ("/", some(5, 21), some(-4, -4), none),
        ("/", some(5, 21), some(2, 4), none),
        ("+", some(-3, 10), some(2, 9), some(-1, 19)),
        ("+", some(-3, 10), (Some(2), None), (Some(-1), None)),
        // Where one end wraps, so may the other.
        ("+", some(0, most), some(1, 1), none),
        ("+", some(-most - 1, 0), some(-1, -1), none),
        ("+", some(0, most - 1), some(1, 1), some(1, most)),
        ("-", some(0, 1), some(1, 1), none),
    ];
    for (name, a, b, expected) in cases {
        let mut values = Values::default();
        let first = column(&mut values, a);
        let second = match b {
            (Some(low), Some(high)) if low == high => whole(&mut values, low),
            _ => column(&mut values, b),
        };
        let id = call(&mut values, name, &[first, second]);
        assert_eq!(values.range(id), expected, "{name} of {a:?} and {b:?}");
    }
}

#[test]
fn of_several_constants_the_tighter_bounds() {
    let mut values = Values::default();
    let a = column(&mut values, (None, None));
    let (five, seven) = (whole(&mut values, 5), whole(&mut values, 7));
    let (least, greatest) =
        (call(&mut values, "least", &[a, five, seven]), call(&mut values, "greatest", &[a, five, seven]));
    assert_eq!((values.range(least), values.range(greatest)), ((None, Some(5)), (Some(7), None)));
}

#[test]
fn casts_between_whole_numbers_keep_a_range_and_others_do_not() {
    let schema = DFSchema::try_from(Schema::new(vec![Field::new("a", DataType::Int64, true)])).unwrap();
    let mut values = Values::default();
    let a = column(&mut values, (Some(-3), Some(10)));
    let narrow = values.term(&cast(col("a"), DataType::Int32), &schema, &[a]).unwrap();
    assert_eq!(values.range(narrow), (Some(-3), Some(10)));
    let float = values.term(&cast(col("a"), DataType::Float64), &schema, &[a]).unwrap();
    assert_eq!(values.range(float), (None, None));
    for number in [lit(7i8), lit(7i16), lit(7i32), lit(7i64), lit(7u64)] {
        let id = values.term(&number, &schema, &[a]).unwrap();
        assert_eq!(values.range(id), (Some(7), Some(7)), "{number}");
    }
    let word = values.term(&lit("7"), &schema, &[a]).unwrap();
    assert_eq!((values.range(word), values.is_constant(word)), ((None, None), true));
    assert!(values.term(&col("b"), &schema, &[a]).is_err());
}

#[test]
fn a_term_of_what_is_fixed_is_fixed() {
    let mut values = Values::default();
    let (a, b, two) = (column(&mut values, (None, None)), column(&mut values, (None, None)), whole(&mut values, 2));
    values.fix(a);
    let (of_a, of_both) = (call(&mut values, "+", &[a, two]), call(&mut values, "+", &[a, b]));
    let of_two = call(&mut values, "+", &[two, two]);
    assert!(values.is_fixed(a) && values.is_fixed(two) && values.is_fixed(of_a));
    assert!(!values.is_fixed(b) && !values.is_fixed(of_both));
    assert!(values.is_constant(two) && values.is_constant(of_two));
    assert!(!values.is_constant(a) && !values.is_constant(of_a));
    assert_eq!(call(&mut values, "+", &[a, two]), of_a);
}

#[test]
fn a_clamp_holds_zero() {
    let mut values = Values::default();
    let (sum, other) = (column(&mut values, (None, None)), column(&mut values, (None, None)));
    for (low, high, is) in [(-5, 60, true), (0, 60, true), (-5, 0, true), (1, 60, false), (-5, -1, false)] {
        let (low, high) = (whole(&mut values, low), whole(&mut values, high));
        let floor = call(&mut values, "greatest", &[sum, low]);
        let clamp = call(&mut values, "least", &[floor, high]);
        assert_eq!(values.is_clamp_of(clamp, sum), is);
        assert!(!values.is_clamp_of(clamp, other) && !values.is_clamp_of(floor, sum));
    }
    assert!(values.is_clamp_of(sum, sum) && !values.is_clamp_of(sum, other));
}

#[test]
fn bits_are_those_that_clearing_the_lowest_takes() {
    let mut values = Values::default();
    let (mask, other) = (column(&mut values, (None, None)), column(&mut values, (None, None)));
    let one = whole(&mut values, 1);
    let less = |values: &mut Values, of| call(values, "-", &[of, one]);
    let mut cleared = mask;
    for n in 0..4 {
        let rest = call(&mut values, "-", &[mask, cleared]);
        assert_eq!(values.most_bits(rest), Some(n));
        let both = call(&mut values, "+", &[mask, cleared]);
        assert_eq!(values.most_bits(both), None);
        let one_less = less(&mut values, cleared);
        cleared = call(&mut values, "&", &[cleared, one_less]);
    }
    assert_eq!(values.most_bits(mask), None);
    let one_less = less(&mut values, other);
    for (name, wrong) in [("&", [mask, one_less]), ("|", [mask, one_less]), ("&", [mask, other]), ("&", [mask, one])] {
        let wrong = call(&mut values, name, &wrong);
        let rest = call(&mut values, "-", &[mask, wrong]);
        assert_eq!(values.most_bits(rest), None, "{name}");
    }
    let more = call(&mut values, "+", &[mask, one]);
    let wrong = call(&mut values, "&", &[mask, more]);
    let rest = call(&mut values, "-", &[mask, wrong]);
    assert_eq!(values.most_bits(rest), None);
}

#[test]
fn bits_of_one_mask_are_read_once_each() {
    let mut values = Values::default();
    let (mask, other) = (column(&mut values, (None, None)), column(&mut values, (None, None)));
    let bit = |values: &mut Values, mask: Id, shift: i128, and: i128| {
        let (shift, and) = (whole(values, shift), whole(values, and));
        let shifted = call(values, ">>", &[mask, shift]);
        call(values, "&", &[shifted, and])
    };
    let [a, b, last, sign, below] = [0, 1, 62, 63, -1].map(|shift| bit(&mut values, mask, shift, 1));
    let (two, of_other) = (bit(&mut values, mask, 1, 3), bit(&mut values, other, 1, 1));
    assert_eq!(values.bits_of_one_mask(&[last, a, b]), Some(mask));
    for wrong in [vec![], vec![a, a], vec![a, sign], vec![a, below], vec![a, two], vec![a, of_other], vec![a, mask]] {
        assert_eq!(values.bits_of_one_mask(&wrong), None, "{wrong:?}");
    }
}

#[test]
fn permuted_bits_are_read_once_each_modulo_a_prime_only() {
    // (x, b, prime, codes) with x from `low` to `high` and b from `b_low`.
    let asked = |low, high, b_low, prime, codes: &[i128]| {
        let mut values = Values::default();
        let mask = column(&mut values, (None, None));
        let (x, b) = (column(&mut values, (Some(low), Some(high))), column(&mut values, (Some(b_low), None)));
        let (prime, one) = (whole(&mut values, prime), whole(&mut values, 1));
        let bits = codes.iter().map(|code| {
            let code = whole(&mut values, *code);
            let product = call(&mut values, "*", &[x, code]);
            let sum = call(&mut values, "+", &[product, b]);
            let shift = call(&mut values, "%", &[sum, prime]);
            let shifted = call(&mut values, ">>", &[mask, shift]);
            call(&mut values, "&", &[shifted, one])
        });
        let bits = bits.collect::<Vec<_>>();
        values.bits_of_one_mask(&bits).is_some()
    };
    assert!(asked(1, 10, 0, 11, &[0, 1, 10]) && asked(1, 60, 0, 61, &[60]) && asked(1, 1, 0, 2, &[0, 1]));
    assert!(!asked(0, 10, 0, 11, &[0, 1]) && !asked(1, 11, 0, 11, &[0, 1]));
    assert!(!asked(1, 10, -1, 11, &[0, 1]) && !asked(1, 10, 0, 11, &[0, 11]) && !asked(1, 10, 0, 11, &[1, 1]));
    assert!(!asked(1, 8, 0, 9, &[0, 1]) && !asked(1, 66, 0, 67, &[0, 1]));
}

#[test]
fn primes() {
    let found = (-2..64).filter(|number| is_prime(*number)).collect::<Vec<_>>();
    assert_eq!(found, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61]);
}
