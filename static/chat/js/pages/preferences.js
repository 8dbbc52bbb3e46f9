import { NotificationSwitch } from "../settings/notification_switch.js";

const element = document.getElementById("notifications");
if (element) new NotificationSwitch(element);
