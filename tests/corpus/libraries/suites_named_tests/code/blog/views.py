def listing(posts, tag=None):
    return [post.slug for post in sorted(posts) if tag is None or tag in post.tags]
