//! Little-endian fields in a fixed buffer, without a way to run past its end.

/// Writes fields one after another; what does not fit is dropped, and sizes are tested to fit.
pub(crate) struct Writer<'a> {
    rest: &'a mut [u8],
}

impl<'a> Writer<'a> {
    pub fn new(buffer: &'a mut [u8]) -> Self {
        Self { rest: buffer }
    }

    pub fn put<const N: usize>(&mut self, field: [u8; N]) {
        let rest = core::mem::take(&mut self.rest);
        if let Some((place, rest)) = rest.split_first_chunk_mut::<N>() {
            *place = field;
            self.rest = rest;
        }
    }
}

/// Reads fields one after another; past the end everything reads as nothing.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(buffer: &'a [u8]) -> Self {
        Self { rest: buffer }
    }

    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*field)
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    pub fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_le_bytes)
    }
}
