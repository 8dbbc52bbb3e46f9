import { ShareLink } from "../sharing/share_link.js";

for (const item of document.querySelectorAll(".links__item")) new ShareLink(item);
