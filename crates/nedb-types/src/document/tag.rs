//! The tag byte that begins every stored value.

pub(super) const NULL: u8 = 0x00;
pub(super) const FALSE: u8 = 0x01;
pub(super) const TRUE: u8 = 0x02;
pub(super) const I8: u8 = 0x10;
pub(super) const I16: u8 = 0x11;
pub(super) const I32: u8 = 0x12;
pub(super) const I64: u8 = 0x13;
pub(super) const BIG_INT: u8 = 0x14;
pub(super) const F64: u8 = 0x18;
pub(super) const DECIMAL: u8 = 0x19;
/// Text; this and the four below stand for three tags each: of width 1, and, one and two above, of widths 2 and 4.
pub(super) const STRING: u8 = 0x20;
pub(super) const BYTES: u8 = 0x28;
pub(super) const DATE_TIME: u8 = 0x30;
pub(super) const UUID: u8 = 0x31;
pub(super) const OBJECT_ID: u8 = 0x32;
pub(super) const ARRAY: u8 = 0x40;
pub(super) const OBJECT: u8 = 0x48;

/// Returns whether a value with this tag is an object.
#[inline]
pub(super) const fn is_object(tag: u8) -> bool {
    matches!(tag, OBJECT..=0x4a)
}
