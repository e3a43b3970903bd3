//! Decoded objects of packs, of which others are described as differences.
//!
//! Without it, a file that git stores as the last of fifty differences is decoded from the first one for each read.

use std::collections::{HashMap, VecDeque};

use gix::objs::Kind;
use gix::odb::pack::cache::DecodeEntry;

/// The limit of what one cache holds, in bytes.
const MAX_BYTES: usize = 16 << 20;
/// The limit of one object, in bytes. Larger ones would push all others out.
const MAX_OBJECT_BYTES: usize = 1 << 20;

type Place = (u32, u64);

/// Keeps the objects that were added last.
#[derive(Default)]
pub(crate) struct PackCache {
    objects: HashMap<Place, (Kind, usize, Vec<u8>)>,
    order: VecDeque<Place>,
    bytes: usize,
}

impl DecodeEntry for PackCache {
    fn put(&mut self, pack: u32, offset: u64, data: &[u8], kind: Kind, compressed_size: usize) {
        let place = (pack, offset);
        if data.len() > MAX_OBJECT_BYTES || self.objects.contains_key(&place) {
            return;
        }
        self.bytes += data.len();
        self.objects.insert(place, (kind, compressed_size, data.to_vec()));
        self.order.push_back(place);
        while self.bytes > MAX_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= self.objects.remove(&oldest).map_or(0, |(_, _, data)| data.len());
        }
    }

    fn get(&mut self, pack: u32, offset: u64, out: &mut Vec<u8>) -> Option<(Kind, usize)> {
        let (kind, compressed_size, data) = self.objects.get(&(pack, offset))?;
        out.clear();
        out.extend_from_slice(data);
        Some((*kind, *compressed_size))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keeps_the_last_objects_within_its_limit() {
        let mut cache = PackCache::default();
        let data = vec![7; MAX_OBJECT_BYTES];
        for offset in 0..20 {
            cache.put(1, offset, &data, Kind::Blob, 5);
        }
        let mut out = vec![1];
        assert_eq!(cache.get(1, 3, &mut out), None);
        assert_eq!(cache.get(1, 4, &mut out), Some((Kind::Blob, 5)));
        assert_eq!(out, data);
        assert_eq!(cache.get(2, 4, &mut out), None);
        assert_eq!((cache.bytes, cache.objects.len()), (MAX_BYTES, 16));
        cache.put(1, 99, &vec![7; MAX_OBJECT_BYTES + 1], Kind::Blob, 5);
        assert_eq!(cache.get(1, 99, &mut out), None);
    }
}
